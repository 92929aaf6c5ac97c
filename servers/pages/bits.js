// Frames (RFC 6455 section 5.2) from what the tap booked: a header, then its payload; and each of their bits.

const OPCODES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }
const SHOWN = 32 // bytes of a payload

const bytesOf = text => [...text].map(character => character.charCodeAt(0))
const binary = (value, width) => value.toString(2).padStart(width, '0')
const hex = values => values.map(value => value.toString(16).padStart(2, '0')).join(' ')

export class FrameReader {
  constructor(direction) {
    this.direction = direction
    this.left = 0 // bytes of the payload that are still to come
  }

  /** Take an entry of the tap; yields the frame that it completes, if it does. */
  *take({ text, size }) {
    if (this.left === 0) {
      this.frame = { direction: this.direction, header: bytesOf(text), payload: [] }
      this.left = payloadLength(this.frame.header)
    } else {
      this.frame.payload.push(...bytesOf(text))
      this.left -= Math.min(size, this.left)
    }
    if (this.left === 0) yield this.frame
  }
}

function payloadLength(header) {
  const length = header[1] & 127
  if (length < 126) return length
  return header.slice(2, length === 126 ? 4 : 10).reduce((sum, byte) => 256 * sum + byte, 0)
}

/** A frame as an element: who sent it, what it is, and its bits by field. */
export function showFrame({ direction, header, payload }) {
  const [first, second] = header, masked = second >> 7, key = masked ? header.slice(-4) : []
  const plain = payload.map((byte, index) => (masked ? byte ^ key[index % 4] : byte))
  const element = document.createElement('div')
  element.className = 'frame'
  element.append(
    line('what', `${direction === 'sent' ? '→ to the server' : '← to the page'}: ${OPCODES[first & 15] ?? 'reserved'}`),
    field('FIN', binary(first >> 7, 1)), field('RSV', binary((first >> 4) & 7, 3)), field('opcode', binary(first & 15, 4)),
    field('MASK', binary(masked, 1)), field('length', binary(second & 127, 7)),
  )
  const extended = header.slice(2, header.length - key.length)
  if (extended.length) element.append(field('extended length', hex(extended)))
  if (masked) element.append(field('masking key', hex(key)))
  if (payload.length) element.append(field('payload', hex(payload.slice(0, SHOWN)) + (payload.length > SHOWN ? ' …' : '')))
  if (plain.length && (first & 15) !== 2) element.append(line('text', `says: ${readable(first & 15, plain)}`))
  return element
}

function readable(opcode, plain) {
  if (opcode === 8) return `${256 * plain[0] + plain[1]} ${decoded(plain.slice(2))}`
  return decoded(plain.slice(0, 120))
}

const decoded = bytes => new TextDecoder().decode(Uint8Array.from(bytes))

function field(name, value) {
  const element = document.createElement('span'), label = document.createElement('small')
  element.className = 'field'
  label.textContent = name
  element.append(value, label)
  return element
}

function line(name, text) {
  const element = document.createElement('p')
  element.className = name
  element.textContent = text
  return element
}
