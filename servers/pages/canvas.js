// A canvas, ready to be drawn on: as large as it is shown, in the page's font.

export function prepare(canvas, fontSize) {
  const { width, height } = canvas.getBoundingClientRect(), scale = window.devicePixelRatio
  canvas.width = width * scale
  canvas.height = height * scale
  const pen = canvas.getContext('2d'), style = getComputedStyle(document.body)
  pen.scale(scale, scale)
  pen.font = `${fontSize}px ${style.fontFamily}`
  return { pen, width, height, colour: name => style.getPropertyValue(name) }
}
