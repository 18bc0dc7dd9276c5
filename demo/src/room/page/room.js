// Keeps the page as the room is: what has changed comes over one stream, and what is pressed goes out without leaving the
// page. Everything here also works without it, by forms.

const byId = (id) => document.getElementById(id)
const controls = byId('controls')
const reel = byId('reel')
const film = byId('film')
const newest = byId('newest')

const parser = new DOMParser()
const parse = (html) => parser.parseFromString(html, 'text/html').body.firstElementChild

listen()
controls.addEventListener('submit', press)
document.addEventListener('keydown', pressKey)
newest.addEventListener('click', () => reel.scrollTo({ top: 0 }))
reel.addEventListener('scroll', () => isAtNewest() && hide(newest, true))

function listen() {
  const stream = new EventSource('/events')
  let waiting
  stream.addEventListener('change', ({ data }) => show(JSON.parse(data)))
  stream.addEventListener('open', () => {
    clearTimeout(waiting)
    waiting = undefined
    complain('')
  })
  // The browser connects again by itself; only a room that stays away is worth a word.
  stream.addEventListener('error', () => {
    waiting ??= setTimeout(() => complain('The control room does not answer. Is the demo still running?'), 2000)
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000)
  })
}

function show({ title, parts, film: rows, aloud }) {
  if (document.title !== title) document.title = title
  for (const html of parts) {
    const fresh = parse(html)
    const shown = byId(fresh.id)
    if (shown) morph(shown, fresh)
  }
  if (rows) showFilm(rows)
  speak(aloud)
}

/** Whoever has scrolled up is reading: nothing moves under their eyes, and a button leads back to the newest row. */
function showFilm({ order, rows }) {
  const wasAtNewest = isAtNewest()
  const firstSeen = [...film.children].find(
    (row) => row.getBoundingClientRect().bottom > reel.getBoundingClientRect().top,
  )
  const placeBefore = firstSeen?.getBoundingClientRect().top
  for (const { id, html } of rows) {
    const shown = byId(id)
    if (shown) morph(shown, parse(html))
    else film.append(parse(html))
  }
  order.forEach((id, at) => {
    const row = byId(id)
    if (row && film.children[at] !== row) film.insertBefore(row, film.children[at] ?? null)
  })
  while (film.children.length > order.length) film.lastElementChild.remove()
  if (wasAtNewest) return reel.scrollTo({ top: 0, behavior: 'instant' })
  if (firstSeen?.isConnected) reel.scrollTop += firstSeen.getBoundingClientRect().top - placeBefore
  hide(newest, rows.length === 0 || isAtNewest())
}

/** The reel stands upside down, so that it begins at its end also without a script: 0 is the newest row. */
function isAtNewest() {
  return Math.abs(reel.scrollTop) < 24
}

/** Makes one element like another, in place: what has the focus keeps it, what is open stays open. */
function morph(shown, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value)
  }
  for (const { name } of [...shown.attributes]) {
    if (name !== 'open' && !fresh.hasAttribute(name)) shown.removeAttribute(name)
  }
  const wanted = [...fresh.childNodes]
  wanted.forEach((node, at) => {
    const old = shown.childNodes[at]
    if (!old) shown.append(node)
    else if (old.nodeName !== node.nodeName) old.replaceWith(node)
    else if (node.nodeType === Node.ELEMENT_NODE) morph(old, node)
    else if (old.data !== node.data) old.data = node.data
  })
  while (shown.childNodes.length > wanted.length) shown.lastChild.remove()
}

async function press(event) {
  event.preventDefault()
  const button = event.submitter
  if (!button || button.getAttribute('aria-disabled') === 'true') return
  try {
    const body = new URLSearchParams(new FormData(controls, button))
    const answer = await fetch('/press', { method: 'POST', body, headers: { accept: 'application/json' } })
    // 409: something else is being done, and the page says so.
    if (answer.ok || answer.status === 409) complain('')
    else complain(`The control room did not accept that (${answer.status}).`)
  } catch {
    complain('The control room does not answer. Is the demo still running?')
  }
}

function pressKey(event) {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return
  if (event.key === 'Escape') return closeDrawer()
  if (event.target.closest?.('input:not([type=radio]), select, textarea, [contenteditable]')) return
  const name = event.key.toLowerCase() === 'r' ? 'reset' : /^[1-5]$/.test(event.key) ? 'button' : undefined
  if (!name) return
  controls.querySelector(name === 'reset' ? '[name=reset]' : `[name=button][value="${event.key}"]`).click()
}

function closeDrawer() {
  const drawer = byId('what-if')
  if (!drawer.open) return
  if (drawer.contains(document.activeElement)) drawer.querySelector('summary').focus()
  drawer.open = false
}

/** Each sentence is a line of its own, so that a screen reader leaves none out; old ones go. */
function speak(sentences) {
  const log = byId('aloud')
  for (const sentence of sentences) {
    const line = document.createElement('p')
    line.textContent = sentence
    log.append(line)
  }
  while (log.children.length > 12) log.firstElementChild.remove()
}

function complain(text) {
  const notice = byId('connection')
  if (notice.textContent !== text) notice.textContent = text
  hide(notice, text === '')
}

function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden
}
