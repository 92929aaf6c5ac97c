// The playground: a page of the WebSocket server, with what the taps see of it.
import { hearFrames, tellFrame } from '../pages/frames.js'
import { addNavigation, follow, get, laneUrl, problem } from './stage.js'

const frame = document.getElementById('frame')

addNavigation()
try {
  const { lanes, scripts } = await get('state')
  hearFrames(({ type }) => {
    if (type !== 'ready') return
    tellFrame(frame, { type: 'scripts', ...scripts })
    follow(take)
  })
  frame.src = laneUrl(lanes.find(({ transport }) => transport === 'websocket').port, 'playground')
} catch (error) {
  problem(error.message)
}

function take({ lanes, scripts, accept }) {
  for (const tap of [lanes.websocket.tap, scripts]) if (tap) tellFrame(frame, { type: 'tap', ...tap })
  if (accept.length) tellFrame(frame, { type: 'accept', steps: accept })
}
