// Plain polling: ask again and again; the server answers at once, often with nothing.
import { ask } from './http.js'
import { sleep } from './reader.js'
export { send } from './http.js'

export async function follow(reader, signal) {
  let due = performance.now() + Math.random() * reader.interval // a random phase, so that readers do not ask together
  while (!signal.aborted) {
    await sleep(due - performance.now(), signal)
    await ask(reader, {}, signal)
    due = Math.max(due + reader.interval, performance.now())
  }
}
