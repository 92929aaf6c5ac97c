// What the class measures: who is connected by which transport, and how late messages are on everybody's screen.
import { number } from '../pages/words.js'
import { drawCurves } from './curves.js'
import { act, addNavigation, at, copy, follow, get, problem, title } from './stage.js'

addNavigation()
document.getElementById('qr').src = at('qr.svg')
document.getElementById('reset').addEventListener('click', () => act('clear'))
document.getElementById('save').addEventListener('click', save)
try {
  const { join } = await get('state')
  Object.assign(document.getElementById('link'), { href: join, textContent: join })
  follow(take)
} catch (error) {
  problem(error.message)
}

async function save() {
  const folder = await act('save')
  if (folder) document.getElementById('saved').textContent = `saved in ${folder}`
}

function take({ class: { present, lanes } }) {
  document.getElementById('present').textContent = present
  document.querySelector('tbody').replaceChildren(...Object.entries(lanes).map(row))
  document.getElementById('note').textContent = note(lanes)
  drawCurves(document.getElementById('curves'), lanes)
}

function row([transport, lane]) {
  const shown = copy('row')
  shown.dataset.transport = transport
  shown.querySelector('th').textContent = title(transport)
  const cells = [lane.present, lane.messages, lane.mean_ms, lane.worst_bound_ms, lane.lost, lane.repeated]
  shown.querySelectorAll('td').forEach((cell, index) => { cell.textContent = number(cells[index]) })
  return shown
}

/** Which differences are smaller than the clocks' bounds, and so may be none. */
function note(lanes) {
  const known = Object.entries(lanes).filter(([, lane]) => lane.mean_ms !== null)
  const unclear = known.flatMap(([one, a], index) => known.slice(index + 1)
    .filter(([, b]) => Math.abs(a.mean_ms - b.mean_ms) <= a.worst_bound_ms + b.worst_bound_ms)
    .map(([other]) => `${title(one)} and ${title(other)}`))
  return unclear.length ? `The clocks are not exact enough to tell ${unclear.join('; ')} apart.` : ''
}
