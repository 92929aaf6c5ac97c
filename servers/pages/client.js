// The smallest complete WebSocket client: create it, four events, send, close.

export function connect(url, log) {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer' // else binary messages arrive as Blobs

  socket.addEventListener('open', () => log('open'))
  socket.addEventListener('message', ({ data }) => log('message', { data }))
  socket.addEventListener('error', () => log('error'))
  socket.addEventListener('close', ({ code, reason, wasClean }) => log('close', { code, reason, wasClean }))

  return {
    socket,
    send: data => socket.send(data), // a string, an ArrayBuffer, a typed array or a Blob
    close: (code = 1000, reason = 'done') => socket.close(code, reason),
  }
}
