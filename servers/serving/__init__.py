"""The HTTP server under all three transports: ports, requests, TLS, shutdown, and control by another process.

How a request travels, from the socket to a transport's handler and back:

    client          LabServer            LabHandler          RequestReader          App (Flask)         /messages
      |  connect       |                     |                    |                     |                     |
      |--------------->| limit, TCP_NODELAY  |                    |                     |                     |
      |                |-------------------->| head()             |                     |                     |
      |  bytes         |                     |------------------->| httptools parses    |                     |
      |---------------------------------------------------------->| checks (RFC 9112)   |                     |
      |                |                     |<------- Head ------|                     |                     |
      |                |                     | WSGI environment   |                     |                     |
      |                |                     |----------------------------------------->| access, counts      |
      |                |                     |                    |                     |-------------------->|
      |                |                     |                    |<---- read() the body (memory budget) -----|
      |                |                     |                    |                     |<---- Response ------|
      |<----- head and body in one segment --|<-----------------------------------------|                     |
      |                |                     | next head(), or close                    |                     |

A WebSocket's handler takes the socket over instead (`RequestReader.hand_over`): see `servers.sockets`.
"""
