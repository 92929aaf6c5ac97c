"""What is started here, from a cell: servers, runs, sockets; and what each gave when the lessons were made."""
