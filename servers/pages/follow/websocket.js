// WebSocket: ask once, for the connection; from then on either side sends when it likes.
import { now } from './reader.js'

const GONE = 4410 // the close code of this lab for messages that the feed no longer has

export async function follow(reader, signal) {
  while (!signal.aborted) {
    const { code, reason } = await connection(reader, signal)
    if (signal.aborted) return
    if (code === GONE) {
      reader.gap(JSON.parse(reason))
    } else {
      await reader.disconnected(`closed with ${code}`, signal)
      await reader.check(signal).catch(() => {}) // nobody answers yet: the next connection will say so
    }
  }
}

/** Open a WebSocket; resolves with its close event. */
function connection(reader, signal) {
  const socket = new WebSocket(reader.url('messages', reader.question, 'ws'))
  reader.socket = socket
  reader.requests++
  socket.addEventListener('open', () => reader.connected())
  socket.addEventListener('message', event => reader.deliver([event.data], now()))
  signal.addEventListener('abort', () => socket.close(1000), { once: true })
  return new Promise(resolve => socket.addEventListener('close', resolve))
}

/** Publish a text: no request, one frame. */
export async function send(reader, text) {
  if (reader.socket?.readyState !== WebSocket.OPEN) throw new Error('the WebSocket is not open')
  reader.socket.send(text)
}
