# %% [markdown]
"""
# 7 · A real-time application

This lesson builds a chat for a page, step by step: connect, listen, send, close, reconnect, resume. It follows the
second half of the argument, which shows how a page uses a WebSocket. Ten years later most of that still works. What
has changed, and what it leaves out, is here too.

*You will be able to* write the JavaScript that opens a WebSocket, listens, sends and closes. You will also be able to
make it survive a lost connection without losing a message. *You need* lesson 4 and a little JavaScript.

Each script below is a text in a cell. It runs in Chromium, on a page of the lab's own server. Change it and run it
again.
"""

# %%
from lessons import Browser, check, load, open_page, script, start_servers

servers = start_servers(rate=4)
browser = Browser(servers)
browser

# %% [markdown]
"""
## Step 1: connect and listen

**Question.** A page creates a WebSocket and listens to its four events. Which of them fire, and in what order?
"""

# %%
connect = """
const socket = new WebSocket(`ws://${location.host}/messages`)
socket.addEventListener('open', () => console.log('open'))
socket.addEventListener('message', ({ data }) => console.log('message', data.slice(0, 40), '…'))
socket.addEventListener('error', () => console.log('error'))
socket.addEventListener('close', ({ code, wasClean }) => console.log('close', code, wasClean))

await new Promise(done => setTimeout(done, 1000))
socket.close(1000, 'enough')
"""
browser.run(connect, wait_s=0.3)

# %% [markdown]
"""
**Reading.** `new WebSocket(url)` returns at once. `open` fires when the handshake is done (lesson 4). After that,
`message` fires without any request. `close` is last, and `error` did not fire: nothing failed.

**Question.** The argument's script is older. It sets `onopen` and its siblings, and shows `event.currentTarget.URL`.
Does this still work?
"""

# %%
as_it_was_written = """
const socket = new WebSocket('ws://' + location.host + '/messages')
socket.onopen = function (event) {
  console.log('URL: ' + event.currentTarget.URL)
  console.log('url ends with ' + event.currentTarget.url.slice(-9))
}
socket.onerror = function (error) { console.log('this listener is replaced') }
socket.onerror = function (error) { console.log('WebSocket error: ' + error) }
await new Promise(done => setTimeout(done, 300))
socket.dispatchEvent(new Event('error'))
"""
browser.run(as_it_was_written, wait_s=0.2)

# %% [markdown]
"""
**Reading.** `onopen` works, but a second function replaces the first one. `addEventListener` keeps both. `URL` is gone;
its name is `url`. And an error printed as text says nothing. That is all there is: the event has no reason in it.
"""

# %% [markdown]
"""
## Step 2: send

**Question.** `send()` takes a text. How does this page see its own message, and what did the server add to it?
"""

# %%
send = """
const socket = new WebSocket(`ws://${location.host}/messages`)
socket.addEventListener('message', ({ data }) => {
  const message = JSON.parse(data)
  if (typeof message.data === 'string') console.log(Object.keys(message).join(', '), '→', message.data)
})
await new Promise(open => socket.addEventListener('open', open))
socket.send('Anybody there?')
socket.send('It is me.')
"""
browser.run(send, wait_s=0.5)

# %% [markdown]
"""
**Reading.** The server published both texts to everyone, this page included. It added a `seq`, a number that counts
the messages of the feed. The next steps need it.

**Question.** What if the script sends before `open`, or after `close`?
"""

# %%
too_early = """
const socket = new WebSocket(`ws://${location.host}/echo`)
try {
  socket.send('too early')
} catch (error) {
  console.log(error.name)
}
await new Promise(open => socket.addEventListener('open', open))
socket.close()
socket.send('too late')
console.log('no exception;', socket.bufferedAmount, 'bytes will never leave')
"""
browser.run(too_early, wait_s=0)

# %% [markdown]
"""
**Reading.** Too early is an exception. Too late is silence for the script: only the browser's console has a line, for
the developer. So a page looks at `readyState` before it sends, and tells its user.
"""

# %% [markdown]
"""
## Step 3: close

**Question.** `close()` takes a code and a reason. Which codes may a page choose?
"""

# %%
closing = """
for (const code of [1000, 1001, 1006, 3000, 4410, 5000]) {
  const socket = new WebSocket(`ws://${location.host}/echo`)
  await new Promise(open => socket.addEventListener('open', open))
  const closed = new Promise(close => socket.addEventListener('close', close))
  try {
    socket.close(code, 'my reason')
    console.log(code, 'is sent; close says', (await closed).code)
  } catch (error) {
    console.log(code, error.name)
  }
}
"""
browser.run(closing, wait_s=0)

# %% [markdown]
"""
**Reading.** 1000 means "done". 3000 to 4999 are for libraries and applications. All others belong to browsers and
servers (RFC 6455, section 7.4). This lab's server uses 4410 for "the feed no longer has what you ask for".

## Step 4: something goes wrong

**Question.** A wrong path, a port without a server, a server that refuses. What does the page learn?
"""

# %%
failures = """
for (const url of [`ws://${location.host}/nowhere`, 'ws://127.0.0.1:1/']) {
  const socket = new WebSocket(url)
  socket.addEventListener('error', () => console.log('the page: error'))
  const { code, reason } = await new Promise(close => socket.addEventListener('close', close))
  console.log(`the page: close ${code}, reason "${reason}"`)
}
"""
seen = browser.run(failures, wait_s=0)
seen[seen["console.log"].str.startswith("the page")]

# %% [markdown]
"""
**Reading.** Always `error`, then `close` with 1006. The page cannot tell one from the other. Print `seen` to see the
browser's own lines: it knows more, and shows it to a developer only (lesson 4 says why).

A pulled cable causes no event at all. The finished page below sets a timer for that.
"""

# %% [markdown]
"""
## Step 5: reconnect, and lose messages

**Question.** Connections end: a train enters a tunnel, a server restarts. This script connects again after a
second and a half. How many earthquakes does it miss?
"""

# %%
naive = """
const seqs = []
const question = () => ''
function connect() {
  const socket = new WebSocket(`ws://${location.host}/messages${question()}`)
  socket.addEventListener('message', ({ data }) => seqs.push(JSON.parse(data).seq))
  return socket
}
const wait = ms => new Promise(done => setTimeout(done, ms))

const socket = connect()
await wait(1000)
socket.close()
await wait(1500)
connect()
await wait(1000)
const missing = seqs.at(-1) - seqs[0] + 1 - seqs.length
console.log(`of messages ${seqs[0]} to ${seqs.at(-1)}, ${missing} are missing`)
"""
browser.run(naive, wait_s=0)

# %% [markdown]
"""
**Reading.** What was published in between is gone, and no event says so. TCP delivers every byte of *one* connection.
It promises nothing about the next one.

## Step 6: resume

**Question.** What does the page have to remember, so that nothing is lost?
"""

# %%
resuming = naive.replace("() => ''", "() => (seqs.length ? `?after=${seqs.at(-1)}` : '')")
browser.run(resuming, wait_s=0)

# %% [markdown]
"""
**Reading.** One number: the `seq` of its last message. The server keeps the latest messages and sends those after it.
That costs the server some memory, and it is the reason why this lab's feed has a history.

**Question.** And if the server no longer has them, or has restarted and counts from 1 again?
"""

# %%
gone = """
const socket = new WebSocket(`ws://${location.host}/messages?after=5&epoch=another`)
const { code, reason } = await new Promise(close => socket.addEventListener('close', close))
console.log(code, Object.keys(JSON.parse(reason)).join(', '))
"""
browser.run(gone, wait_s=0)

# %% [markdown]
"""
**Reading.** The server says so: code 4410, with the oldest `seq` that it has, and its `epoch`, the name of the feed.
The page shows its user that something is missing, and goes on from there. A gap that is reported is a fact. A gap in
silence is a fault.
"""

# %% [markdown]
"""
## A message during a cut

**Question.** The link is cut for five seconds, and messages are published meanwhile. What happens to them, by each
transport? Here are the runs that come with the lab.
"""

# %%
load.during_a_break("cut")

# %% [markdown]
"""
**Reading.** Nothing is lost, by any of them. The messages wait at the server and arrive late, the first one by about
five seconds. With a WebSocket they wait in TCP's buffer, for the same connection. A long poll's response waits there
too. Polling's next request gets all of them together.

**Question.** And when the server is killed, with its feed?
"""

# %%
load.during_a_break("restart")

# %% [markdown]
"""
**Reading.** The old feed died with the server. Each client is notified of the gap, and then follows the new feed.
Every transport needs the same two things for that: a `seq`, and a name for the feed. None of them brings these along.
"""

# %% [markdown]
"""
## Step 7: other people's text

**Question.** Someone sends the text `<img src=x>`. What does a page make of it?
"""

# %%
markup = """
const text = 'hello <img src=x>'
const [unsafe, safe] = [document.createElement('li'), document.createElement('li')]
unsafe.innerHTML = text
safe.textContent = text
console.log('innerHTML:', unsafe.childElementCount, 'element made from the text')
console.log('textContent:', safe.childElementCount, 'elements')
"""
browser.run(markup, wait_s=0)

# %% [markdown]
"""
**Reading.** `innerHTML` makes elements of it. With `onerror=…` in that image, the sender's script runs on every
reader's page. The argument's script does exactly this. `textContent` keeps text a text.

## The finished page

**Question.** All steps together: can you find each of them? Events are marked.
"""

# %%
script("small_chat.js")

# %% [markdown]
"""
**Reading.** `resumeAfter` is step 6. `ended` waits longer after each failure, and not equally long on every page:
otherwise all clients would return in the same instant. `watch` is the timer for the pulled cable. The page around it
has 17 lines, so the whole chat has fewer than 80.

**Question.** Does it work? Open it in two tabs as well, and write to yourself.
"""

# %%
open_page(servers, "small chat")

# %% [markdown]
"""
## Doubt

- **One browser.** Chromium ran these scripts. The events and codes are the standard's (WHATWG WebSockets).
- **The lab's server.** `seq`, `epoch` and 4410 are its own. Other servers name them differently, or lack them.
- **No identity.** Anyone who reaches this chat may write. A real one needs a login. It must also check the `Origin` of
  the page, because a WebSocket carries cookies from any page that opens it.
- **Backpressure.** A page that sends faster than its link fills `bufferedAmount`. There is no event for that.
- **A tab in the background** may be frozen. When it returns, it resumes; the timer above runs late.

## Exercises

**1.** Write the script: open a WebSocket on `/echo`, send `hello` once it is open, log the data of the first message,
then close with 1000. Log the code that `close` reports.
"""

# %% tags=["exercise"]
my_script = None
### BEGIN SOLUTION
my_script = """
const socket = new WebSocket(`ws://${location.host}/echo`)
socket.addEventListener('open', () => socket.send('hello'))
socket.addEventListener('message', ({ data }) => {
  console.log(data)
  socket.close(1000)
})
socket.addEventListener('close', ({ code }) => console.log(code))
"""
### END SOLUTION
check.first_client(my_script, browser)

# %% [markdown]
"""
**2.** A feed has 4 messages a second. A page without a `seq` is away for 2.5 seconds. How many messages does it miss?
And one that resumes? Give both.
"""

# %% tags=["exercise"]
without_seq, with_seq = None, None
### BEGIN SOLUTION
without_seq, with_seq = 10, 0
### END SOLUTION
check.missed(without_seq, with_seq)

# %% [markdown]
"""
**3.** Which code does `close` report? The server stops in order; the path is wrong; the page sent too large a message.
Give three numbers.
"""

# %% tags=["exercise"]
codes = [None, None, None]
### BEGIN SOLUTION
codes = [1001, 1006, 1009]
### END SOLUTION
check.codes(codes)

# %% [markdown]
"""
**4.** A page tries again 0.5 s after the connection ends, then 1 s after that failure, then 2, 4, 8, 8 … seconds. The
server is away for 20 s, and a failure takes no time. Which attempt succeeds, and how many seconds after the end?
"""

# %% tags=["exercise"]
attempt, after_s = None, None
### BEGIN SOLUTION
attempt, after_s = 6, 23.5
### END SOLUTION
check.backoff(attempt, after_s)

# %% [markdown]
"""
**5.** *(Open.)* Two people write at the same moment. Can one page show their lines in another order than the other
page? What if each page showed its own line at once, before the server has it? Write down what your chat does, and why.
"""

# %%
browser.close()
servers.stop()
