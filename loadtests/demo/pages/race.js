// The race: a lane for each transport, conditions that can be changed, and a prediction to compare with.
import { overheadOf } from '../pages/bytes.js'
import { number } from '../pages/words.js'
import { hearFrames, tellFrame } from '../pages/frames.js'
import { act, addNavigation, copy, follow, get, laneUrl, problem, title } from './stage.js'

const CHOICES = {
  poll_interval_s: [[0.5, '0.5 s'], [1, '1 s'], [2, '2 s'], [5, '5 s'], [10, '10 s']],
  rate_hz: [[0.5, '0.5 a second'], [1, '1 a second'], [2, '2 a second'], [5, '5 a second'], [20, '20 a second']],
  rtt_ms: [[0, 'none'], [50, '50 ms'], [100, '100 ms'], [200, '200 ms'], [600, '600 ms']],
  link_mbps: [[0, 'no limit'], [10, '10 Mbit/s'], [1, '1 Mbit/s'], [0.1, '0.1 Mbit/s']],
  cookie_bytes: [[0, 'none'], [500, '500 B'], [1000, '1,000 B'], [4000, '4,000 B']],
}
const SLACK = 1.15 // of a lane's latency axis beyond the longest that the model expects
const frames = new Map(), rows = new Map(), figures = new Map()
let settings, axis

addNavigation()
try {
  const state = await get('state')
  build(state)
  follow(take)
} catch (error) {
  problem(error.message)
}

function build({ lanes, settings: now }) {
  for (const { transport, port } of lanes) {
    const frame = copy('lane')
    frame.title = title(transport)
    frame.src = laneUrl(port)
    frames.set(transport, frame)
    document.getElementById('lanes').append(frame)
    const row = copy('row')
    row.dataset.transport = transport
    row.querySelector('th').textContent = title(transport)
    row.querySelectorAll('input').forEach((input, which) => {
      input.setAttribute('aria-label', `${title(transport)}: ${which ? 'overhead, B' : 'mean latency, ms'}, your guess`)
    })
    rows.set(transport, row)
    document.querySelector('#compared tbody').append(row)
  }
  document.querySelector('#compared').classList.add('hidden')
  for (const [name, choices] of Object.entries(CHOICES)) fill(document.forms.controls[name], choices, now[name])
  use(now)
}

function fill(select, choices, value) {
  const all = choices.some(([each]) => each === value) ? choices : [[value, String(value)], ...choices]
  select.append(...all.map(([each, text]) => new Option(text, each, each === value, each === value)))
}

/** What the stage shows: bytes for each lane, what the model says, the settings. */
function take(now) {
  use(now.settings)
  if (!now.running) problem('the server is gone; another one starts')
  for (const [transport, { tap, model }] of Object.entries(now.lanes)) {
    if (tap) tellFrame(frames.get(transport), { type: 'tap', ...tap })
    showRow(transport, tap, model)
  }
}

function showRow(transport, tap, model) {
  const row = rows.get(transport), [latency, overhead] = row.querySelectorAll('.measured')
  const [modelLatency, modelOverhead] = row.querySelectorAll('.model')
  latency.textContent = number(figures.get(transport)?.mean)
  overhead.textContent = number(overheadOf(transport, tap))
  modelLatency.textContent = number(model.latency_ms)
  modelOverhead.textContent = number(model.overhead)
}

/** Let the lanes know of settings that are new. Cookies are the host's, whatever the port; requests for messages have them. */
function use(now) {
  if (JSON.stringify(now) === JSON.stringify(settings)) return
  settings = now
  axis = SLACK * (1000 * now.poll_interval_s + now.rtt_ms)
  document.getElementById('pause').textContent = now.paused ? 'Go on' : 'Pause'
  setCookie(now.cookie_bytes)
  frames.forEach(tellSettings)
}

function tellSettings(frame) {
  tellFrame(frame, { type: 'settings', interval: 1000 * settings.poll_interval_s, axis })
}

function setCookie(size) {
  const name = 'session', value = 'x'.repeat(Math.max(size - name.length - 1, 0))
  document.cookie = `${name}=${value}; path=/messages; SameSite=Lax; max-age=${size ? 86400 : 0}`
}

hearFrames((message, frame) => {
  if (message.type === 'ready') tellSettings(frame)
  if (message.type === 'figures') figures.set(message.transport, message)
})

async function clear() {
  await act('clear')
  figures.clear()
  frames.forEach(frame => tellFrame(frame, { type: 'reset' }))
}

document.forms.controls.addEventListener('change', async ({ target }) => {
  await act('settings', { [target.name]: Number(target.value) })
  await clear()
})
document.getElementById('cut').addEventListener('click', () => act('cut', { seconds: 5 }))
document.getElementById('kill').addEventListener('click', () => act('kill'))
document.getElementById('pause').addEventListener('click', () => act('settings', { paused: !settings.paused }))
document.getElementById('reset').addEventListener('click', clear)
document.forms.say.addEventListener('submit', event => {
  event.preventDefault()
  act('say', { text: event.target.text.value })
})
document.forms.guess.addEventListener('submit', event => { event.preventDefault(); reveal() })

/** Show what was measured and what the model says next to the guess, from now on. */
function reveal() {
  document.querySelector('#compared').classList.remove('hidden')
  document.querySelectorAll('#compared input').forEach(input => input.replaceWith(input.value || '–'))
  document.forms.guess.hidden = true
}
