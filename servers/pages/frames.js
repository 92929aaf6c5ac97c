// A page and the page around it: both come from this machine, whatever their ports.

const sameHost = origin => new URL(origin).hostname === location.hostname

/** Act on what the page around this one says, by its type. */
export function hearParent(actions) {
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === window.parent && source !== window && sameHost(origin)) actions[data.type]?.(data)
  })
}

export function tellParent(message) {
  if (window.parent !== window) window.parent.postMessage(message, '*') // figures of a public feed: no secret
}

/** Act on what a page within this one says; `act` is given the message and the frame's element. */
export function hearFrames(act) {
  window.addEventListener('message', ({ source, origin, data }) => {
    const frame = [...document.querySelectorAll('iframe')].find(each => each.contentWindow === source)
    if (!frame || !sameHost(origin)) return
    if (data.type === 'ready') ready.set(frame, origin)
    act(data, frame)
  })
}

const ready = new Map() // the frames whose pages have said that they listen, and the origins of these pages

export function tellFrame(frame, message) {
  if (ready.has(frame)) frame.contentWindow.postMessage(message, ready.get(frame))
}
