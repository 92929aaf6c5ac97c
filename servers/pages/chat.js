// A chat on the lab's feed, by the transport of the server that this page came from.
import { hearParent, tellParent } from './frames.js'
import { milliseconds, show, TRANSPORTS } from './words.js'
import { Reader } from './follow/reader.js'

const MOST = 200 // lines that stay
const reader = new Reader({ messages: list => list.forEach(take), gap, state: text => show('state', text) })
let transport, module, following

hearParent({ settings: ({ interval }) => { reader.interval = interval ?? reader.interval } })
document.forms.say.addEventListener('submit', event => { event.preventDefault(); say(event.target) })
document.getElementById('stop').addEventListener('click', toggle)
await introduce()
await start()

async function introduce() {
  transport = (await reader.status()).transport
  document.body.dataset.transport = transport
  show('title', `Chat by ${TRANSPORTS[transport].title}`)
  module = await import(`./follow/${TRANSPORTS[transport].module}.js`)
  tellParent({ type: 'ready', transport })
}

async function start() {
  const ending = following = new AbortController()
  await reader.beginPatiently(ending.signal)
  module.follow(reader, ending.signal).catch(error => show('state', error.message))
  show('stop', 'Stop')
}

function toggle() {
  if (following.signal.aborted) return start()
  following.abort()
  show('state', 'stopped')
  show('stop', 'Go on')
}

/** Publish a line: a text that says who wrote it, and by which transport. */
async function say({ name, text }) {
  const line = { chat: text.value, name: name.value || 'guest', by: transport }
  try {
    await module.send(reader, JSON.stringify(line))
    text.value = ''
    problem('')
  } catch (error) {
    problem(error.message)
  }
}

/** Show a message. Other people's text is text, whatever is in it. */
function take({ data, latency }) {
  const { chat, name, by } = lineOf(data)
  const line = document.getElementById('line').content.firstElementChild.cloneNode(true)
  const sender = TRANSPORTS[by]
  if (sender) line.dataset.transport = by
  line.querySelector('.name').textContent = name
  line.querySelector('.text').textContent = chat
  line.querySelector('.quiet').textContent =
    `${sender ? `sent by ${sender.title}, ` : ''}here after ${milliseconds(latency)}`
  const log = document.getElementById('log')
  log.append(line)
  if (log.childElementCount > MOST) log.firstElementChild.remove()
  log.scrollTop = log.scrollHeight
}

/** What a message says as a line of the chat. The feed may carry other things, too. */
function lineOf(data) {
  if (data?.place) return { name: 'earthquake', chat: `magnitude ${data.magnitude}, ${data.place}` }
  try {
    const line = JSON.parse(data)
    if (typeof line.chat === 'string') return { name: String(line.name), chat: line.chat, by: line.by }
  } catch {
    // a text that is no line of this chat
  }
  return { name: 'feed', chat: typeof data === 'string' ? data : JSON.stringify(data) }
}

function gap({ restarted, oldest, after }) {
  const chat = restarted ? 'the server has started again' : `${oldest - 1 - after} messages are gone`
  take({ data: JSON.stringify({ chat, name: 'server' }), latency: null })
}

function problem(text) {
  show('problem', text)
  document.getElementById('problem').hidden = !text
}
