"""The WSGI server under all three transports: its ports, its end, its certificate, and how it is led."""
