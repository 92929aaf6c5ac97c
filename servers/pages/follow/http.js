// What polling and long polling share: one request, and what each response means.
import { now } from './reader.js'

/** Ask once for what is new. Resolves when the response has been dealt with. */
export async function ask(reader, extra, signal) {
  let response, body
  reader.requests++
  try {
    response = await fetch(reader.url('messages', { ...reader.question, ...extra }), { cache: 'no-store', signal })
    body = await response.text()
  } catch (error) {
    return signal.aborted || reader.disconnected('no answer', signal)
  }
  const at = now() // before anything is parsed or drawn
  switch (response.status) {
    case 200: return reader.deliver(body.trimEnd().split('\n'), at)
    case 204: return reader.connected()
    case 410: return reader.gap(JSON.parse(body))
    case 502: case 503: case 504: return reader.disconnected(`the server answers ${response.status}`, signal)
    default: throw new Error(JSON.parse(body).detail)
  }
}

/** Publish a text. */
export async function send(reader, text) {
  const headers = { 'Content-Type': 'text/plain;charset=utf-8' }
  const response = await fetch(reader.url('messages'), { method: 'POST', headers, body: text })
  if (!response.ok) throw new Error((await response.json()).detail)
}
