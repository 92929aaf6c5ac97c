"""WebSockets under flask-sock and gevent: one connection, its route, and telling many at once."""
