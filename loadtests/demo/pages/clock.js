// How far this page's clock is from the server's, by halving round trips (Cristian 1989).
import { now } from '../pages/follow/reader.js'

const SAMPLES = 8

/** Ask `ask` for the server's time; resolves with the offset to add to this page's time, and its bound, in ms. */
export async function estimateClock(ask) {
  const samples = []
  for (let number = 0; number < SAMPLES; number++) samples.push(await sample(ask))
  return samples.reduce((best, each) => (each.bound < best.bound ? each : best))
}

async function sample(ask) {
  const sent = now()
  const { now: server } = await ask()
  const received = now()
  return { offset: server - (sent + received) / 2, bound: (received - sent) / 2 }
}
