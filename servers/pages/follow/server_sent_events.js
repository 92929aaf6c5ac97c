// Server-sent events: ask once, for a response that does not end. The browser itself connects again.
import { now } from './reader.js'
export { send } from './http.js'

export async function follow(reader, signal) {
  while (!signal.aborted) {
    const lost = await connection(reader, signal)
    if (signal.aborted) return
    if (lost) {
      await reader.disconnected('the stream ended', signal)
      await reader.check(signal).catch(() => {})
    }
  }
}

/** Open a stream; resolves with whether it was lost, or reported a gap and has to be asked for anew. */
function connection(reader, signal) {
  const source = new EventSource(reader.url('messages', reader.question))
  reader.requests++
  return new Promise(resolve => {
    const end = lost => { source.close(); resolve(lost) }
    source.addEventListener('open', () => reader.connected())
    source.addEventListener('message', event => reader.deliver([event.data], now()))
    source.addEventListener('gone', event => { reader.gap(JSON.parse(event.data)); end(false) })
    source.addEventListener('error', () => end(true)) // its own pause of three seconds would differ from the others'
    signal.addEventListener('abort', () => end(false), { once: true })
  })
}
