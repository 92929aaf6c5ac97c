// A page of the class: it gets a lane, sets its clock by the stage's, and reports what it measures.
import { number } from '../pages/words.js'
import { hearFrames, tellFrame } from '../pages/frames.js'
import { estimateClock } from './clock.js'
import { get, laneUrl, post, problem, title } from './stage.js'

const PERIOD = 1000, CLOCK_PERIOD = 30_000 // milliseconds from report to report, and from setting the clock to the next
const MOST = 2000 // latencies in one report
const frame = document.getElementById('frame')
let me, clock, figures, latencies = []

try {
  const { lanes } = await get('state')
  offer(lanes)
  me = await post('join', { lane: new URLSearchParams(location.search).get('lane') })
  frame.src = laneUrl(lanes.find(({ transport }) => transport === me.lane).port)
  frame.title = title(me.lane)
  hearFrames(take)
  await setClock()
  setInterval(setClock, CLOCK_PERIOD)
  setInterval(report, PERIOD)
} catch (error) {
  problem(error.message)
}

/** Links that choose another lane. */
function offer(lanes) {
  document.getElementById('other').append(...lanes.flatMap(({ transport }) => {
    const link = document.createElement('a'), url = new URL(location)
    url.searchParams.set('lane', transport)
    link.href = url
    link.textContent = title(transport)
    return [link, ' ']
  }))
}

function take(message) {
  if (message.type === 'ready') tellLane()
  if (message.type !== 'figures') return
  figures = message
  latencies.push(...message.latencies)
}

function tellLane() {
  tellFrame(frame, { type: 'settings', interval: 1000 * me.settings.poll_interval_s,
                     axis: 1.15 * (1000 * me.settings.poll_interval_s + me.settings.rtt_ms) })
  if (clock) tellFrame(frame, { type: 'clock', offset: clock.offset })
}

/** Ask the stage for its time, several times; half of the fastest answer's round trip is how far it may be wrong. */
async function setClock() {
  clock = await estimateClock(() => get('clock'))
  document.getElementById('clock').textContent = `clock within ± ${number(clock.bound)} ms of the server's`
  tellLane()
}

async function report() {
  if (!figures) return
  const { mean, messages, lost, repeated, requests, state } = figures
  const sent = latencies.splice(0, MOST)
  try {
    const { settings, round } = await post('report', {
      number: me.number, round: me.round, mean, messages, lost, repeated, requests, state, latencies: sent,
      bound: clock.bound,
    })
    const cleared = round !== me.round
    Object.assign(me, { settings, round })
    tellLane()
    if (cleared) {
      latencies = []
      tellFrame(frame, { type: 'reset' })
    }
    problem('')
  } catch (error) {
    latencies.unshift(...sent)
    problem(error.message)
  }
}
