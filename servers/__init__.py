"""What is published, and the three ways of pushing it: polling, long polling, WebSocket."""
