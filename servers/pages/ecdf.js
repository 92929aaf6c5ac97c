// The distribution of latencies so far, on a canvas: for each latency the share of messages that arrived within it.
import { prepare } from './canvas.js'

/** Draw the latencies, in milliseconds, on an axis from 0 to `longest`. */
export function drawEcdf(canvas, latencies, longest) {
  const { pen, width, height, colour } = prepare(canvas, 12)
  const area = { left: 46, right: width - 12, top: 6, bottom: height - 20 }
  drawAxes(pen, area, longest, colour('--quiet'))
  if (latencies.length) drawCurve(pen, area, [...latencies].sort((a, b) => a - b), longest, colour('--lane'))
}

function drawAxes(pen, { left, right, top, bottom }, longest, colour) {
  pen.strokeStyle = pen.fillStyle = colour
  pen.lineWidth = 1
  pen.beginPath()
  pen.moveTo(left, top)
  pen.lineTo(left, bottom)
  pen.lineTo(right, bottom)
  pen.stroke()
  pen.textAlign = 'right'
  pen.fillText('100 %', left - 4, top + 8)
  pen.fillText('0', left - 4, bottom)
  pen.textAlign = 'center'
  for (const share of [0.5, 1]) {
    const x = left + share * (right - left) - (share === 1 ? 16 : 0)
    pen.fillText(`${Math.round(share * longest)} ms`, x, bottom + 15)
  }
  pen.fillText('0', left, bottom + 15)
}

function drawCurve(pen, { left, right, top, bottom }, sorted, longest, colour) {
  const x = value => left + Math.min(value / longest, 1) * (right - left)
  const y = share => bottom - share * (bottom - top)
  pen.strokeStyle = colour
  pen.lineWidth = 3
  pen.beginPath()
  pen.moveTo(left, bottom)
  sorted.forEach((value, index) => {
    pen.lineTo(x(value), y(index / sorted.length))
    pen.lineTo(x(value), y((index + 1) / sorted.length))
  })
  pen.lineTo(right, y(1))
  pen.stroke()
}
