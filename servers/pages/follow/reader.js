// One reader of the feed, whatever the transport: where it stands, and what it notices.

/** Unix time in milliseconds, to a tenth or better: Date.now() has whole milliseconds. */
export const now = () => performance.timeOrigin + performance.now()

const FIRST_PAUSE = 250, LONGEST_PAUSE = 4000 // milliseconds before it tries again; twice as long each time

export class Reader {
  /** `on` is told of `messages`, `gap` and `state`. */
  constructor(on) {
    this.on = on
    this.interval = 2000 // milliseconds from poll to poll
    this.clockOffset = 0 // milliseconds to add to this page's clock, so that it shows the server's time
    this.requests = this.repeated = this.lost = 0
    this.pause = FIRST_PAUSE
  }

  /** The address of a path of this page's own server; with the token that this page's address has. */
  url(path, query = {}, scheme = 'http') {
    const url = new URL(path, document.baseURI)
    const token = new URLSearchParams(location.search).get('token')
    url.search = new URLSearchParams({ ...query, ...(token && { token }) })
    url.protocol = url.protocol.replace('http', scheme)
    return url
  }

  /** What a request for messages asks: those after `after`, of the feed with this epoch. */
  get question() {
    return { after: this.after, epoch: this.epoch }
  }

  /** Ask where the feed stands, and begin there: what was published before does not count. */
  async begin(signal) {
    const status = await this.status(signal)
    this.after = status.newest
    this.epoch = status.epoch
    return status
  }

  /** The same, as often as it takes until the server answers. */
  async beginPatiently(signal) {
    while (!signal.aborted) {
      try {
        return await this.begin(signal)
      } catch (error) {
        await this.disconnected('no answer', signal)
      }
    }
  }

  async status(signal) {
    const response = await fetch(this.url('status'), { cache: 'no-store', signal })
    if (!response.ok) throw new Error((await response.json()).detail)
    return response.json()
  }

  /** Take messages, oldest first, that arrived at `at`. */
  deliver(texts, at) {
    const fresh = texts.map(text => JSON.parse(text)).filter(message => this.isNext(message))
    for (const message of fresh) message.latency = at + this.clockOffset - 1000 * message.published_at
    this.connected()
    this.on.messages(fresh)
  }

  /** Whether a message is new; counts those that were skipped or came twice. */
  isNext({ seq }) {
    if (seq <= this.after) {
      this.repeated++
      return false
    }
    this.lost += seq - this.after - 1
    this.after = seq
    return true
  }

  connected() {
    this.pause = FIRST_PAUSE
    this.on.state('connected')
  }

  /** The feed no longer has what comes next, or is another one: say so, and go on from its oldest message. */
  gap({ oldest, newest, epoch }) {
    this.on.gap({ oldest, newest, restarted: epoch !== this.epoch, after: this.after })
    this.after = oldest - 1
    this.epoch = epoch
  }

  /** The connection is lost: say so, and wait a moment. */
  async disconnected(reason, signal) {
    this.on.state(`${reason}; trying again`)
    await sleep(this.pause, signal)
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE)
  }

  /** Ask whether the feed still has what comes next: a proxy may hide why a connection was closed. */
  async check(signal) {
    const { oldest, newest, epoch } = await this.status(signal)
    if (epoch !== this.epoch || this.after < oldest - 1) this.gap({ oldest, newest, epoch })
  }
}

/** Wait, or until `signal` says that nobody waits any more. */
export function sleep(milliseconds, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
  })
}
