// A chat over one WebSocket: connect, listen to its events, send, close; reconnect and resume.
const GONE = 4410 // the close code of this lab's server: the feed no longer has what comes next
const SHORTEST = 500, LONGEST = 8000, SILENCE = 30_000 // milliseconds
const query = new URLSearchParams(location.search) // the token, if this page's address has one
const form = document.getElementById('say'), log = document.getElementById('log')
let socket, timer, pause = SHORTEST, left = false

form.addEventListener('submit', send)
document.getElementById('leave').addEventListener('click', leave)
const { newest, epoch } = await (await fetch(`status?${query}`)).json()
resumeAfter(newest, epoch)
connect()

function connect() {
  if (left) return
  socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/messages?${query}`)
  socket.addEventListener('open', () => { pause = SHORTEST; say('connected'); watch(socket) })
  socket.addEventListener('message', ({ data }) => { take(JSON.parse(data)); watch(socket) })
  socket.addEventListener('close', ({ code, reason }) => ended(code, reason)) // after an `error`, too
}

function take({ seq, data }) {
  query.set('after', seq)
  const line = log.appendChild(document.createElement('li'))
  line.textContent = data?.place ? `magnitude ${data.magnitude}, ${data.place}` : data // never innerHTML
  line.scrollIntoView()
}

function send(event) {
  event.preventDefault()
  if (socket.readyState !== WebSocket.OPEN) return say('not connected: your text was not sent')
  socket.send(form.text.value)
  form.text.value = ''
}

function leave() {
  left = true
  socket.close(1000, 'the user leaves')
  say('you left')
}

function ended(code, reason) {
  clearTimeout(timer)
  if (left) return
  if (code === GONE) {
    const { oldest, epoch } = JSON.parse(reason)
    resumeAfter(oldest - 1, epoch)
    return connect()
  }
  say(`closed with ${code}; trying again`)
  setTimeout(connect, pause * (0.5 + Math.random() / 2)) // not all clients at once
  pause = Math.min(2 * pause, LONGEST)
}

/** A pulled cable causes no event: replace a connection that was silent for too long. */
function watch(watched) {
  clearTimeout(timer)
  timer = setTimeout(() => watched.close(), SILENCE)
}

function resumeAfter(seq, epoch) { query.set('after', seq); query.set('epoch', epoch) }
function say(text) { document.getElementById('state').textContent = text }
