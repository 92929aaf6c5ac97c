// Long polling: ask once; the server holds the request until it has a message. Then ask again.
import { ask } from './http.js'
export { send } from './http.js'

const WAIT = 25 // seconds that the server holds a request, if nothing is published

export async function follow(reader, signal) {
  while (!signal.aborted) {
    await ask(reader, { wait: WAIT }, signal)
  }
}
