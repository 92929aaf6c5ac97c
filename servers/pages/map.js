// Earthquakes as dots on world.svg, whose x is 2 (longitude + 180) of 720 and whose y is 2 (84 - latitude) of 292.

const MOST = 150 // dots that stay
const CALM = 200 // milliseconds between two dots that move: more often it would only cost
let moved = 0

export function addDot(map, quake) {
  if (typeof quake?.latitude !== 'number') return
  const dot = document.getElementById('dot').content.firstElementChild.cloneNode()
  const size = 6 + 3 * Math.max(quake.magnitude, 0)
  Object.assign(dot.style, {
    left: `${(quake.longitude + 180) / 3.6}%`, top: `${((84 - quake.latitude) / 146) * 100}%`,
    width: `${size}px`, height: `${size}px`,
  })
  if (performance.now() - moved > CALM) {
    moved = performance.now()
    dot.classList.add('new')
  }
  map.append(dot)
  if (map.childElementCount > MOST + 1) map.children[1].remove() // the first child is the map itself
}
