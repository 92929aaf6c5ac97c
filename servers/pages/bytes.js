// Bytes on the wire by heading, as the tap in front of the server has counted them.
import { isProxied } from './addresses.js'
import { bytes, number, show, TRANSPORTS } from './words.js'

export const HEADINGS = {
  handshake: 'handshake', cookies: 'cookies', request_head: 'request head', response_head: 'response head',
  framing: 'framing', payload: 'messages',
}
const PAID_ONCE = ['handshake', 'cookies', 'request_head', 'response_head'] // by a transport that asks once

/** Overhead per message, in bytes. What is paid once, for connecting, is no message's: it is not spread over them. */
export function overheadOf(transport, tap) {
  if (!tap?.messages) return null
  const total = sum(tap.bytes) - tap.bytes.payload - connectingOf(transport, tap)
  return total / tap.messages
}

export function connectingOf(transport, tap) {
  return TRANSPORTS[transport].asks ? 0 : PAID_ONCE.reduce((total, name) => total + tap.bytes[name], 0)
}

const sum = counted => Object.values(counted).reduce((total, each) => total + each, 0)

export function showBytes(transport, tap) {
  const total = sum(tap.bytes)
  show('overhead', bytes(overheadOf(transport, tap)))
  show('overhead-label', `overhead per message${isProxied() ? ', behind a proxy' : ''}`)
  document.getElementById('bar').replaceChildren(...Object.keys(HEADINGS).map(name => part(name, tap.bytes[name], total)))
  show('key', Object.entries(HEADINGS).filter(([name]) => tap.bytes[name])
    .map(([name, title]) => `${title} ${number(tap.bytes[name])}\u00a0B`).join(' · '))
}

function part(name, count, total) {
  const element = document.createElement('i')
  element.className = `heading ${name}`
  element.style.flexGrow = total ? count / total : 0
  element.title = `${HEADINGS[name]}: ${count.toLocaleString('en')} B`
  return element
}
