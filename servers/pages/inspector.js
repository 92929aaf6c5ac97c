// The last exchanges as coloured text: each byte under its heading, and lines that nobody needs struck through.

const MOST = 60 // entries that stay
const NEEDED = new Set([ // field names without which the exchange would fail (RFC 9112, RFC 6455 section 4)
  'host', 'upgrade', 'connection', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-accept', 'content-length',
  'transfer-encoding', 'content-type',
])

export class Inspector {
  constructor(element) {
    this.element = element
  }

  /** Add entries: each has a direction, a heading, its text and its number of bytes. */
  add(entries) {
    if (!entries.length || !this.element.closest('details').open) return
    this.element.append(...entries.map(shown))
    while (this.element.childElementCount > MOST) this.element.firstElementChild.remove()
    this.element.scrollTop = this.element.scrollHeight
  }
}

function shown({ direction, heading, text, size }) {
  const line = document.createElement('span')
  line.className = `heading ${heading}${isNeeded(heading, text) ? '' : ' unneeded'}`
  line.textContent = `${direction === 'sent' ? '→' : '←'} ${String(size).padStart(5)} B  ${printable(text)}\n`
  return line
}

function isNeeded(heading, text) {
  const name = text.match(/^([A-Za-z-]+):/)?.[1].toLowerCase()
  return !(heading.endsWith('_head') || heading === 'cookies' || heading === 'handshake') || !name || NEEDED.has(name)
}

const printable = text => text.replace(/\r\n$/, '').replace(/[^\x20-\x7e\xa0-\xff]/g, '·')
