"""The delay line: its model, its sockets, and how exact it is."""
