// The opening handshake (RFC 6455 section 4): as tutorials print it, as it was sent, and how Accept follows from Key.

const SIMPLIFIED = `GET /echo HTTP/1.1
Upgrade: websocket
Connection: Upgrade
Host: example.com
Sec-WebSocket-Key: …
Sec-WebSocket-Version: 13

HTTP/1.1 101 Switching Protocols
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Accept: …
`
let lines = []

document.getElementById('simplified').textContent = SIMPLIFIED

/** Show one more line of the handshake; or the steps from key to accept. */
export function showHandshake({ entry, steps }) {
  if (steps) {
    document.getElementById('accept').replaceChildren(...steps.steps.map(text => {
      return Object.assign(document.createElement('li'), { textContent: text })
    }))
    return
  }
  if (entry.text.startsWith('GET ')) lines = []
  lines.push(entry.text.replace(/\r\n$/, ''))
  document.getElementById('handshake').textContent = lines.join('\n')
}
