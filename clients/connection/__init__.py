"""Sockets that count, TLS over them, and HTTP and WebSocket by libraries without I/O of their own."""
