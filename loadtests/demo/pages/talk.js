// The chat: the same page from each server; a radio button chooses which.
import { tellFrame, hearFrames } from '../pages/frames.js'
import { addNavigation, follow, get, laneUrl, problem, title } from './stage.js'

const frame = document.getElementById('frame')
let interval

addNavigation()
try {
  const { lanes, settings } = await get('state')
  interval = 1000 * settings.poll_interval_s
  hearFrames(({ type }) => type === 'ready' && tellFrame(frame, { type: 'settings', interval }))
  document.getElementById('choice').append(...lanes.map(choice))
  document.querySelector('input').click()
  follow(now => { interval = 1000 * now.settings.poll_interval_s })
} catch (error) {
  problem(error.message)
}

function choice({ transport, port }) {
  const label = document.createElement('label'), input = document.createElement('input')
  input.type = 'radio'
  input.name = 'transport'
  input.addEventListener('change', () => { frame.src = laneUrl(port, 'chat') })
  label.dataset.transport = transport
  label.className = 'of-lane'
  label.append(input, ` ${title(transport)} `)
  return label
}
