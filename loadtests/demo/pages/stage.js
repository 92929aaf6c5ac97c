// What all pages of the stage share: its address, its feed, and how it is told to do something.
import { atPort } from '../pages/addresses.js'
import { TRANSPORTS } from '../pages/words.js'

const PAGES = { './': 'Race', play: 'Playground', talk: 'Chat', class: 'Class', seventh: 'The seventh tab' }
const token = new URLSearchParams(location.search).get('token')
const key = new URLSearchParams(location.hash.slice(1)).get('key') ?? ''

/** An address of the stage, with the token that this page's address has. */
export function at(path, query = {}) {
  const url = new URL(path, document.baseURI)
  url.search = new URLSearchParams({ ...query, ...(token && { token }) })
  return url
}

/** The address of a page of a lane. */
export function laneUrl(port, page = '') {
  const url = atPort(port, page)
  if (token) url.searchParams.set('token', token)
  return url.href
}

export async function get(path) {
  return read(await fetch(at(path), { cache: 'no-store' }))
}

export async function post(path, body) {
  const headers = { 'Content-Type': 'application/json', 'Stage-Key': key }
  return read(await fetch(at(path), { method: 'POST', headers, body: JSON.stringify(body) }))
}

async function read(response) {
  const body = await response.json()
  if (!response.ok) throw new Error(body.detail ?? body.title)
  return body
}

/** Let the demonstration do something; a refusal is one line on the page. */
export async function act(word, values = {}) {
  try {
    const { done } = await post('do', { do: word, ...values })
    problem('')
    return done
  } catch (error) {
    problem(error.message)
  }
}

export function problem(text) {
  const line = document.getElementById('problem')
  line.textContent = text
  line.hidden = !text
}

/** Follow the stage; `take` is given what it shows, four times a second. */
export function follow(take) {
  const source = new EventSource(at('messages'))
  source.addEventListener('message', event => { problem(''); take(JSON.parse(event.data).data) })
  source.addEventListener('gone', event => source.close() || follow(take))
  source.addEventListener('error', () => problem('the demonstration has ended, or cannot be reached'))
}

/** Put the links between the pages of the stage in their place. */
export function addNavigation() {
  const here = location.pathname.split('/').at(-1) || './'
  document.querySelector('nav').append(...Object.entries(PAGES).map(([path, title]) => {
    const link = document.createElement('a')
    link.href = at(path).href + location.hash
    link.textContent = title
    if (path === here) link.setAttribute('aria-current', 'page')
    return link
  }))
}

export const title = transport => TRANSPORTS[transport].title

/** A copy of what is in a template. */
export const copy = id => document.getElementById(id).content.firstElementChild.cloneNode(true)
