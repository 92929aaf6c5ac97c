"""From the tables of a run to charts, verdicts and a report; opens no socket, starts no process."""
