// One lane: follows the feed of the server it came from, and shows what it learns. Inside the race, its parent page
// sends it settings and the bytes that the tap has counted, and is told its figures.
import { showBytes } from './bytes.js'
import { drawEcdf } from './ecdf.js'
import { Inspector } from './inspector.js'
import { addDot } from './map.js'
import { milliseconds, show, TRANSPORTS } from './words.js'
import { Reader } from './follow/reader.js'
import { hearParent, tellParent } from './frames.js'

const reader = new Reader({ messages: take, gap: tellGap, state: text => show('state', text) })
const inspector = new Inspector(document.getElementById('exchanges'))
let transport, follow, following // the name, what follows the feed by it, and what ends that
const MOST = 4000 // latencies in the curve: a page may be open for days
let latencies = [], fresh = [], count = 0, total = 0, axis = 3000, isTapped = false

hearParent({ settings: use, tap: showTap, reset, clock: ({ offset }) => { reader.clockOffset = offset } })
document.addEventListener('visibilitychange', () => document.hidden ? stop('paused: the tab is hidden') : begin())
await introduce()
await begin()
setInterval(report, 250)

/** Find out which transport this page's server speaks. */
async function introduce() {
  try {
    transport = (await reader.status()).transport
  } catch (error) {
    show('state', error.message)
    throw error
  }
  document.body.dataset.transport = transport
  document.title = TRANSPORTS[transport].title
  show('title', TRANSPORTS[transport].title)
  follow = (await import(`./follow/${TRANSPORTS[transport].module}.js`)).follow
  tellParent({ type: 'ready', transport })
}

async function begin() {
  const ending = following = new AbortController()
  await reader.beginPatiently(ending.signal)
  goOn(ending)
}

function goOn(ending) {
  follow(reader, ending.signal).catch(error => show('state', error.message))
}

function stop(why) {
  following?.abort()
  show('state', why)
}

/** Take a new poll interval at once, not after the old one. */
function use({ interval, axis: longest }) {
  axis = longest ?? axis
  if (!interval || interval === reader.interval) return
  reader.interval = interval
  if (transport === 'polling' && reader.epoch) {
    following.abort()
    following = new AbortController()
    goOn(following)
  }
}

function take(messages) {
  for (const message of messages) {
    latencies.push(message.latency)
    fresh.push(message.latency)
    count++
    total += message.latency
    addDot(document.getElementById('map'), message.data)
  }
  if (latencies.length > MOST) latencies.splice(0, MOST / 2)
  const last = messages.at(-1)
  if (!last) return
  show('latency', milliseconds(last.latency))
  show('latest', words(last.data))
}

function words(data) {
  if (data?.place) return `magnitude ${data.magnitude}, ${data.place}`
  return typeof data === 'string' ? data : JSON.stringify(data)
}

function tellGap({ restarted, after, oldest }) {
  show('latest', restarted ? 'the server has started again: a new feed' : `${oldest - 1 - after} messages are gone`)
  tellParent({ type: 'gap', restarted })
}

function reset() {
  latencies = []
  fresh = []
  count = total = 0
  reader.requests = reader.repeated = reader.lost = 0
  for (const id of ['latency', 'mean', 'overhead']) show(id, '–')
  document.querySelectorAll('.dot').forEach(dot => dot.remove())
}

function showTap(tap) {
  isTapped = true
  show('requests', tap.requests.toLocaleString('en'))
  showBytes(transport, tap)
  document.getElementById('inspector').hidden = false
  inspector.add(tap.entries)
}

/** Redraw, and tell the parent page. */
function report() {
  const mean = count ? total / count : null
  if (mean !== null) show('mean', milliseconds(mean))
  show('messages', count.toLocaleString('en'))
  show('lost', reader.lost.toLocaleString('en'))
  if (!isTapped) show('requests', reader.requests.toLocaleString('en'))
  drawEcdf(document.getElementById('ecdf'), latencies, axis)
  tellParent({
    type: 'figures', transport, mean, messages: count, latencies: fresh, requests: reader.requests,
    lost: reader.lost, repeated: reader.repeated, state: document.getElementById('state').textContent,
    last: reader.after,
  })
  fresh = []
}
