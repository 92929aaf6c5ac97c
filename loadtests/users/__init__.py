"""The load: three Locust users, and how their processes are led and counted."""
