// The distributions of all lanes in one picture, on a logarithmic axis: from a millisecond to a minute.
import { prepare } from '../pages/canvas.js'

const LEAST = 1, MOST = 60_000 // milliseconds
const TICKS = [[1, '1 ms'], [10, '10 ms'], [100, '100 ms'], [1000, '1 s'], [10_000, '10 s']]

export function drawCurves(canvas, lanes) {
  const { pen, width, height, colour } = prepare(canvas, 16)
  const left = 60, right = width - 20, top = 10, bottom = height - 30
  const x = value => left + (Math.log(Math.max(value, LEAST) / LEAST) / Math.log(MOST / LEAST)) * (right - left)
  const y = share => bottom - (share / 100) * (bottom - top)
  pen.strokeStyle = colour('--line')
  pen.fillStyle = colour('--quiet')
  const every = right - left < 300 ? 2 : 1 // labels have to fit beside each other
  TICKS.forEach(([value, text], place) =>
    line(pen, x(value), top, x(value), bottom, place % every ? '' : text, x(value) - 16, bottom + 22))
  for (const share of [0, 50, 100]) line(pen, left, y(share), right, y(share), `${share} %`, left - 52, y(share) + 6)
  for (const [transport, { curve }] of Object.entries(lanes)) {
    if (curve.length) drawCurve(pen, curve, x, y, colour(`--${transport}`))
  }
}

function line(pen, x1, y1, x2, y2, text, textX, textY) {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
  pen.fillText(text, textX, textY)
}

function drawCurve(pen, curve, x, y, colour) {
  pen.save()
  pen.strokeStyle = colour
  pen.lineWidth = 4
  pen.beginPath()
  curve.forEach(([latency, share], index) => (index ? pen.lineTo : pen.moveTo).call(pen, x(latency), y(share)))
  pen.stroke()
  pen.restore()
}
