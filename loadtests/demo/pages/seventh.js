// Six held requests of one origin, and what happens to the next one. The requests are made by a page of the long-polling
// server, since only a page of its own may ask there; this page sends it what to do.
import { number } from '../pages/words.js'
import { hearFrames, tellFrame } from '../pages/frames.js'
import { act, addNavigation, follow, get, laneUrl, problem } from './stage.js'

const frame = document.getElementById('frame')
let asked, paused

addNavigation()
try {
  const { lanes } = await get('state')
  hearFrames(hear)
  frame.src = laneUrl(lanes.find(({ transport }) => transport === 'long-polling').port, 'held')
  follow(take)
} catch (error) {
  problem(error.message)
}
document.getElementById('add').addEventListener('click', () => tellFrame(frame, { type: 'hold' }))
document.getElementById('end').addEventListener('click', () => tellFrame(frame, { type: 'release' }))
document.getElementById('ask').addEventListener('click', ask)
document.getElementById('silence').addEventListener('click', () => act('settings', { paused: !paused }))
setInterval(showWaiting, 100)

function ask() {
  asked = performance.now()
  tellFrame(frame, { type: 'ask' })
}

/** What the stage shows: whether messages are published, and how many connections the tap has counted. */
function take({ settings, lanes }) {
  paused = settings.paused
  document.getElementById('silence').textContent = paused ? 'Publish again' : 'Publish nothing'
  const { tap } = lanes['long-polling']
  if (tap) document.getElementById('connections').textContent = tap.connections
}

function hear({ type, tabs }) {
  if (type === 'ready') document.querySelectorAll('button').forEach(button => { button.disabled = false })
  if (type === 'held') document.getElementById('tabs').replaceChildren(...Array.from({ length: tabs }, tab))
  if (type === 'answered') {
    say(`answered after ${number(performance.now() - asked)} ms`)
    asked = undefined
  }
}

function tab(_, index) {
  return Object.assign(document.createElement('span'), { className: 'tab', textContent: `tab ${index + 1}` })
}

function showWaiting() {
  if (asked) say(`waiting for ${number((performance.now() - asked) / 1000)} s`)
}

function say(text) {
  document.getElementById('answer').textContent = text
}
