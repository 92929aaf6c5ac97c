// What WebSockets do in this browser; each function returns plain values, or a promise of them.

const TYPES = ['open', 'message', 'error', 'close']
let listening // promises of what event sources notice
let seen // a promise of the events of the WebSocket that was begun last

const acts = {
  close: socket => socket.close(1000, 'done'),
  sendTooMuch: socket => socket.send('a'.repeat(65_537)),
}

/** Open a WebSocket and act once it is open; resolves with its first event's type, and `seen` with all of them. */
function begin(url, act) {
  const began = performance.now(), events = [], socket = new WebSocket(url)
  const note = event => ({
    type: event.type, s: (performance.now() - began) / 1000, state: socket.readyState,
    code: event.code, reason: event.reason, wasClean: event.wasClean, text: event.data,
  })
  for (const type of TYPES) socket.addEventListener(type, event => events.push(note(event)))
  socket.addEventListener('open', () => acts[act]?.(socket))
  seen = new Promise(resolve => socket.addEventListener('close', () => resolve(events)))
  return Promise.race(TYPES.map(type => next(socket, type))).then(event => event.type)
}

function next(socket, type) {
  return new Promise(resolve => socket.addEventListener(type, resolve, { once: true }))
}

/** What send() says in each state, and how much it leaves waiting; and the messages that came after close(). */
async function sendInEachState(url, size) {
  const socket = new WebSocket(url), found = []
  let closed = false, late = 0
  socket.addEventListener('message', () => { late += closed })
  const attempt = state => {
    const before = socket.bufferedAmount
    let said
    try { said = String(socket.send('a'.repeat(size))) } catch (error) { said = error.name }
    found.push({ state, readyState: socket.readyState, said, queued: socket.bufferedAmount - before })
  }
  attempt('CONNECTING')
  await next(socket, 'open')
  attempt('OPEN')
  socket.close()
  closed = true
  attempt('CLOSING')
  await next(socket, 'close')
  attempt('CLOSED')
  return { found, late }
}

async function bytesOf(data) {
  return typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(await data.arrayBuffer())
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes))
}

async function drawn() {
  const canvas = document.createElement('canvas'), size = canvas.width = canvas.height = 64
  const pen = canvas.getContext('2d')
  for (let x = 0; x < size; x++) {
    pen.fillStyle = `hsl(${x * 5} 80% ${30 + x / 2}%)`
    pen.fillRect(x, 0, 1, size - x)
  }
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'))
}

async function messages() {
  const picture = await drawn()
  return {
    'a text': 'Zürich, 東京, 🌍',
    'binary data': new Blob([Uint8Array.from({ length: 256 }, (_, value) => value)]),
    'a PNG image': picture,
    'a PNG image in base64': base64(await bytesOf(picture)),
  }
}

/** Each kind of message through an echo: how many bytes it has, as what it comes back, and whether it is the same. */
async function echoed(url) {
  const socket = new WebSocket(url), found = []
  await next(socket, 'open')
  for (const [kind, message] of Object.entries(await messages())) {
    socket.send(message)
    const back = (await next(socket, 'message')).data
    const [sent, got] = [await bytesOf(message), await bytesOf(back)]
    const same = sent.length === got.length && sent.every((byte, at) => byte === got[at])
    found.push({ kind, bytes: sent.length, back: typeof back === 'string' ? 'text' : 'binary', same,
                 width: kind === 'a PNG image' ? (await createImageBitmap(back)).width : 0 })
  }
  socket.close()
  return found
}

/** Send one kind of message, and close. */
async function sendOne(url, kind) {
  const socket = new WebSocket(url)
  await next(socket, 'open')
  socket.send((await messages())[kind])
  socket.close()
  await next(socket, 'close')
}

/** The port that a scheme's URL need not say. */
function defaultPort(scheme) {
  return [80, 443].find(port => new URL(`${scheme}://localhost:${port}/`).port === '')
}

/** What comes of a WebSocket or a request to that URL from this page. */
async function reached(url) {
  try {
    if (!url.startsWith('ws')) return (await fetch(url, { mode: 'no-cors' })).type && 'reached'
    const socket = new WebSocket(url)
    const first = await Promise.race(['open', 'error'].map(type => next(socket, type)))
    socket.close()
    return first.type === 'open' ? 'reached' : 'refused'
  } catch (error) {
    return 'refused'
  }
}

/** What an EventSource notices within some seconds; then it is closed. */
function listened(url, seconds) {
  const began = performance.now(), events = [], source = new EventSource(url)
  const note = event => events.push({
    type: event.type, s: (performance.now() - began) / 1000, state: source.readyState, text: event.data,
    id: event.lastEventId,
  })
  for (const type of ['open', 'message', 'gone', 'error']) source.addEventListener(type, note)
  return new Promise(resolve => setTimeout(() => { source.close(); resolve(events) }, seconds * 1000))
}

/** Seconds until a request is answered while that many streams of the same origin are open, for some seconds. */
async function answeredBeside(count, seconds) {
  const sources = Array.from({ length: count }, () => new EventSource('/messages'))
  await Promise.all(sources.map(source => next(source, 'open')))
  setTimeout(() => sources.forEach(source => source.close()), seconds * 1000)
  const began = performance.now()
  await fetch('/status', { cache: 'no-store' })
  const waited = (performance.now() - began) / 1000
  sources.forEach(source => source.close())
  return waited
}

/** Poll so often, one after another; resolves with the seconds that each took. */
async function polled(count) {
  const { newest, epoch } = await (await fetch('/status', { cache: 'no-store' })).json(), took = []
  for (let number = 0; number < count; number++) {
    const began = performance.now()
    const response = await fetch(`/messages?after=${newest}&epoch=${epoch}`, { cache: 'no-store' })
    await response.text()
    if (response.status !== 204) throw new Error(`answered with ${response.status}`)
    took.push((performance.now() - began) / 1000)
  }
  return took
}
