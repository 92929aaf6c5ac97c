"""The WSGI server under all three transports: ports, shutdown, certificate, and control by another process."""
