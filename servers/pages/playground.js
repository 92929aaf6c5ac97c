// A WebSocket to touch: what a page can do with it, and what it learns. The page around this one shows it the bytes.
import { atPort } from './addresses.js'
import { connect } from './client.js'
import { FrameReader, showFrame } from './bits.js'
import { showHandshake } from './handshake.js'
import { hearParent, tellParent } from './frames.js'
import { number, show } from './words.js'

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']
const MOST_FRAMES = 12
const readers = new Map() // of frames, by connection and direction
let client, began, scripted // the connection, when it began, and where the server of endings is

hearParent({ tap: ({ entries }) => entries.forEach(takeEntry), scripts: offer, accept: steps => showHandshake({ steps }) })
on('connect', 'click', () => open(new URL('echo', document.baseURI)))
on('close', 'click', () => client.close())
on('clear', 'click', () => document.querySelector('#log tbody').replaceChildren())
on('send-bytes', 'click', () => client.send(Uint8Array.from({ length: 8 }, (_, index) => 32 * index)))
on('send-picture', 'click', async () => client.send(await picture()))
on('states', 'click', tryStates)
document.forms.send.addEventListener('submit', event => { event.preventDefault(); client.send(event.target.text.value) })
document.forms.fragments.addEventListener('submit', event => {
  event.preventDefault()
  open(`${scripted}/fragments/${event.target.count.value}/${event.target.seconds.value}`)
})
show('code', await (await fetch('pages/client.js')).text())
setInterval(showState, 100)
tellParent({ type: 'ready' })

function on(id, type, act) {
  document.getElementById(id).addEventListener(type, act)
}

/** Open a WebSocket to an address, and log what it does. The token goes along where this page has one. */
function open(address) {
  const url = new URL(address, document.baseURI), token = new URLSearchParams(location.search).get('token')
  url.protocol = url.protocol.replace('http', 'ws')
  if (token) url.searchParams.set('token', token)
  client?.socket.close()
  began = performance.now()
  note('new WebSocket', url.pathname)
  const mine = client = connect(url, (type, details) => log(type, details, mine?.socket))
}

function log(type, details, socket = client.socket) {
  const { data, code, reason, wasClean } = details ?? {}
  const learned = { message: () => described(data), close: () => `code ${code}, reason “${reason}”, wasClean ${wasClean}` }
  const stands = `readyState ${STATES[socket.readyState]}, bufferedAmount ${socket.bufferedAmount}`
  note(type, [learned[type]?.(), stands].filter(Boolean).join('; '))
  if (data instanceof ArrayBuffer) showPicture(data)
}

function note(type, text) {
  const row = document.getElementById('event').content.firstElementChild.cloneNode(true)
  const [time, what] = row.querySelectorAll('td')
  time.textContent = number(performance.now() - began)
  row.querySelector('th').textContent = type
  what.textContent = text
  document.querySelector('#log tbody').append(row)
}

const described = data =>
  typeof data === 'string' ? `text of ${data.length} characters: ${data.slice(0, 60)}` : `${data.byteLength} bytes of binary data`

function showState() {
  const socket = client?.socket, isOpen = socket?.readyState === WebSocket.OPEN
  show('ready-state', socket ? `${socket.readyState} ${STATES[socket.readyState]}` : '–')
  show('buffered', socket ? `${socket.bufferedAmount} B` : '–')
  document.querySelectorAll('#send button, #close').forEach(button => { button.disabled = !isOpen })
}

/** A small picture, drawn here. */
function picture() {
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d')
  canvas.width = canvas.height = 48
  for (let x = 0; x < 48; x++) {
    pen.fillStyle = `hsl(${x * 7} 80% 50%)`
    pen.fillRect(x, 0, 1, 48 - x)
  }
  return new Promise(resolve => canvas.toBlob(resolve, 'image/png'))
}

function showPicture(data) {
  const image = document.getElementById('picture'), isPicture = new Uint8Array(data)[0] === 0x89
  image.hidden = !isPicture
  if (isPicture) image.src = URL.createObjectURL(new Blob([data], { type: 'image/png' }))
}

/** What the tap saw: handshakes, and frames of either direction. */
function takeEntry(entry) {
  document.getElementById('no-tap').hidden = true
  if (entry.path.endsWith('/messages')) return // of other pages
  if (entry.heading === 'handshake') return showHandshake({ entry })
  if (entry.heading !== 'framing' && entry.heading !== 'payload') return
  const name = `${entry.connection} ${entry.direction}`
  if (!readers.has(name)) readers.set(name, new FrameReader(entry.direction))
  for (const frame of readers.get(name).take(entry)) {
    const frames = document.getElementById('frames')
    frames.prepend(showFrame(frame))
    if (frames.childElementCount > MOST_FRAMES) frames.lastElementChild.remove()
  }
}

/** Buttons for what the server of endings can do. */
function offer({ port, endings, counts, seconds }) {
  scripted = atPort(port).href.replace(/\/$/, '')
  document.getElementById('endings').replaceChildren(...endings.map(({ title, url }) => {
    const button = document.createElement('button')
    button.textContent = title
    button.addEventListener('click', () => open(url.startsWith('/') ? scripted + url : url))
    return button
  }))
  for (const [name, values] of [['count', counts], ['seconds', seconds]]) {
    document.forms.fragments[name].replaceChildren(...values.map(value => new Option(value)))
  }
}

/** What send() does in each state. */
async function tryStates() {
  const { socket } = connect(new URL('echo', document.baseURI.replace('http', 'ws')), () => {}), found = []
  const next = type => new Promise(resolve => socket.addEventListener(type, resolve, { once: true }))
  const attempt = () => {
    const before = socket.bufferedAmount
    let said = 'no error'
    try { socket.send('x'.repeat(1000)) } catch (error) { said = error.name }
    found.push([STATES[socket.readyState], said, `bufferedAmount grows by ${socket.bufferedAmount - before}`])
  }
  attempt()
  await next('open')
  attempt()
  socket.close()
  attempt()
  await next('close')
  attempt()
  document.querySelector('#found tbody').replaceChildren(...found.map(cells => {
    const row = document.createElement('tr')
    row.append(...cells.map(text => Object.assign(document.createElement('td'), { textContent: text })))
    return row
  }))
}
