// How things are called and written on all pages.

export const TRANSPORTS = {
  polling: { title: 'Polling', module: 'polling', asks: true },
  'long-polling': { title: 'Long polling', module: 'long_polling', asks: true },
  websocket: { title: 'WebSocket', module: 'websocket', asks: false }, // it asks once, for the connection
  'server-sent-events': { title: 'Server-sent events', module: 'server_sent_events', asks: false },
}

/** A number with at most three digits that count, and no exponent. */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits })
}

export const milliseconds = value => (value === null ? '–' : `${number(value)} ms`)
export const bytes = value => (value === null ? '–' : `${number(value)} B`)

/** Put a text into the element with this id: never markup. */
export function show(id, text) {
  document.getElementById(id).textContent = text
}
