// Holds long polls, as many tabs would, and asks for something else beside them.
import { hearParent, tellParent } from './frames.js'
import { Reader } from './follow/reader.js'
import { follow } from './follow/long_polling.js'

const tabs = [] // what ends each tab's requests
let stands // where the feed stands: asked once, since a second request for it would wait, too

hearParent({ hold, release, ask })
tellParent({ type: 'ready' })

async function hold() {
  const ending = new AbortController(), reader = newReader()
  tabs.push(ending)
  tell()
  stands ??= reader.begin(ending.signal)
  const { newest, epoch } = await stands
  Object.assign(reader, { after: newest, epoch })
  follow(reader, ending.signal)
}

function release() {
  tabs.splice(0).forEach(ending => ending.abort())
  stands = undefined
  tell()
}

/** A small request of the same origin, which is never taken from a cache. */
async function ask() {
  await newReader().status()
  tellParent({ type: 'answered' })
}

const newReader = () => new Reader({ messages() {}, gap() {}, state() {} })
const tell = () => tellParent({ type: 'held', tabs: tabs.length })
