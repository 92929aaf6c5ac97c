"""What a protocol does, not what a load takes: observed with bare sockets, independent libraries and a real browser."""
