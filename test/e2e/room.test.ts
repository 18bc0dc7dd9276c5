import { get, request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openBrowser } from '../../demo/dist/once/browser.js'
import { send } from '../../demo/dist/once/send.js'
import { walkIn } from '../../demo/dist/room/walk-in.js'
import { people } from '../../demo/dist/servers/people.js'
import { type ControlRoom, liesOf, openControlRoom, windowsOf } from './control-room.ts'

const all = (window: string) => ({
  browser: window,
  app: window,
  tokens: window,
  services: window,
  peers: window,
  provider: window,
  upstream: window,
})

// A generous end: each press is a dozen requests through five processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

let room: ControlRoom
beforeAll(async () => {
  room = await openControlRoom()
})
afterAll(() => room.stop())
beforeEach(async () => {
  await room.press('reset=1')
})

describe('the story of the control room', () => {
  it('is told by five buttons: six doors stay open, and then none of those that can be seen [A2 A3 A7]', async () => {
    expect(await room.look()).toMatchObject({ headline: 'Nobody is logged in yet' })
    expect(windowsOf(await room.look())).toEqual(all('empty'))

    const first = await room.press('button=1')
    expect(first.headline).toBe('Ana is logged in: 7 of 7 doors open')
    expect(windowsOf(first)).toEqual(all('lit'))
    expect(first.screen).toContain('Ana’s inbox')
    // Ben has logged in for the auditor, and is nobody's business.
    expect(first.film).toContain('(ID token, Ana, mail)')
    expect(first.film).not.toContain(', Ben, ')

    const second = await room.press('button=2')
    expect(second.headline).toBe('6 of 7 still open')
    expect(windowsOf(second)).toEqual({ ...all('lit'), browser: 'dark' })
    expect(liesOf(second)).toEqual(['app', 'tokens', 'services', 'peers', 'provider', 'upstream'])
    expect(second.rows['app']).toMatchObject({
      is: expect.stringContaining('GET mail.localhost/ with a copied cookie → 200, “Ana’s inbox”'),
      lie: expect.stringContaining('Mail says signed out. A copied cookie still opens Ana’s inbox.'),
    })

    const third = await room.press('button=3')
    expect(third.headline).toBe('Back in without a password: 7 of 7 open')
    expect(third.screen).toContain('Ana’s inbox')

    const fourth = await room.press('button=4&scope=provider')
    expect(fourth.headline).toBe('0 doors open. 1 we can’t see.')
    expect(windowsOf(fourth)).toEqual({ ...all('dark'), upstream: 'unseen' })
    expect(liesOf(fourth)).toEqual([])
    expect(fourth.rows['peers']?.is).toContain(
      'GET calendar.localhost/ with a copied cookie → 200, “You are signed out”',
    )
    expect(fourth.rows['services']?.is).toContain('→ 401')

    const fifth = await room.press('button=5')
    expect(fifth.headline).toBe('0 doors open. 1 we can’t see.')
    expect(fifth.screen).toContain('Sign in to Mail')
    expect(fifth.story).toContain('nobody gets in without the password')
    expect([first, second, third, fourth, fifth].map(({ problem }) => problem)).toEqual(['', '', '', '', ''])
  })

  it('is filmed: who asked whom, what a thief tried and what he was told, with tokens by name [A6]', async () => {
    await room.press('button=1')
    await room.press('button=2')
    const { film } = await room.press('button=4&scope=provider')
    expect(film).toMatch(/eyJ… \(ID token, Ana, mail\)/)
    expect(film).toMatch(/eyJ… \(access token, Ana, mail\)/)
    expect(film).toMatch(/eyJ… \(logout token, Ana, calendar\)/)
    expect(film).toContain('endsession=… (Mail’s session cookie)')
    expect(film).toContain('POST /auth/backchannel-logout')
    expect(film).toMatch(/password=… \(password\)/)
    // The thief got the page after the usual logout, and the welcome page after the other.
    expect(film).toMatch(
      /a copied cookie opens Ana’s inbox[\s\S]*“Ana’s inbox”[\s\S]*a copied cookie opens nothing[\s\S]*“You are signed out”/,
    )
  })

  it('shows no cookie, token, code or password anywhere: not one of all that passed through its processes [A6]', async () => {
    for (const fields of [
      'button=1',
      'button=2',
      'button=3',
      'whatIf=second-device',
      'button=4&scope=everywhere',
      'button=5',
    ])
      await room.press(fields)
    const [said, secrets] = [room.said(), room.secrets()]
    // A control: they were collected, and the page has told of what they were in.
    expect(secrets.filter((secret) => secret.startsWith('eyJ')).length).toBeGreaterThan(5)
    expect(secrets.length).toBeGreaterThan(50)
    expect(said).toContain('(Mail’s session cookie)')
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([])
    expect(said).not.toMatch(/eyJ[\w-]{6,}/)
    expect(said).not.toContain('ana-demo')
  })
})

describe('buttons in any order', () => {
  it.each([
    ['button=2', '6 of 7 still open', 'She was not logged in, so she did that first.'],
    ['button=4&scope=provider', '0 doors open. 1 we can’t see.', 'She was not logged in, so she did that first.'],
    ['button=3', 'Nobody is logged in yet', 'Nobody has logged in yet: “Log in” leads to the login screen'],
    ['button=5', 'Nobody is logged in yet', 'Nobody has logged in yet: “Log in” leads to the login screen'],
  ])('%s comes first: %s', async (fields, headline, story) => {
    const shown = await room.press(fields)
    expect(shown).toMatchObject({ headline, story: expect.stringContaining(story), problem: '' })
  })

  it('logging in twice, and getting in while being in, change nothing and say so', async () => {
    await room.press('button=1')
    expect((await room.press('button=1')).story).toContain('logged in already')
    const shown = await room.press('button=5')
    expect(shown).toMatchObject({
      headline: 'Ana is logged in: 7 of 7 doors open',
      story: expect.stringContaining('has not logged out'),
    })
  })

  it('the scope “app” ends Mail only, and one click leads back in: nobody had claimed anything else [A2 M5]', async () => {
    await room.press('button=1')
    const out = await room.press('button=4&scope=app')
    expect(windowsOf(out)).toMatchObject({
      browser: 'dark',
      app: 'dark',
      peers: 'lit',
      provider: 'lit',
      upstream: 'lit',
    })
    expect(liesOf(out)).toEqual([])
    const back = await room.press('button=5')
    expect(back).toMatchObject({
      headline: 'Ana is logged in: 7 of 7 doors open',
      story: expect.stringContaining('back in with one click, as the scope “app” says'),
    })
    expect(liesOf(back)).toEqual([])
  })

  it('the scope “app” after the usual logout: the older copy lives on, and the report had not meant it [A2 A14]', async () => {
    for (const fields of ['button=1', 'button=2', 'button=3']) await room.press(fields)
    const out = await room.press('button=4&scope=app')
    expect(out.rows['app']).toMatchObject({ window: 'lit', says: expect.stringContaining('ended') })
    expect(liesOf(out)).toEqual([])
  })

  it('“reset” begins anew: nobody is logged in, and the film is empty', async () => {
    expect((await room.press('button=1')).film).not.toBe('')
    const anew = await room.press('reset=1')
    expect(windowsOf(anew)).toEqual(all('empty'))
    expect(anew).toMatchObject({ headline: 'Nobody is logged in yet', film: '' })
  })

  it('two presses at once: one is done, the other is refused; “reset” is not', async () => {
    const statuses = await Promise.all([room.send('button=1'), room.send('button=1'), room.send('button=2')])
    expect(statuses.toSorted()).toEqual([204, 409, 409])
    const anew = await room.press('reset=1')
    expect(windowsOf(anew)).toEqual(all('empty'))
    expect((await room.press('button=1')).headline).toBe('Ana is logged in: 7 of 7 doors open')
  })

  it('the auditor goes round by itself: what ends elsewhere is seen without a press, and she can log in again [A3]', async () => {
    await room.press('button=1')
    const elsewhere = openBrowser()
    await walkIn({ urls: room.urls, provider: 'own' } as never, elsewhere, 'mail', people[0]!)
    const home = await elsewhere.open(room.urls.mail)
    await elsewhere.press(home, 'Log out', { scope: 'everywhere' })
    await vi.waitFor(
      async () => expect(windowsOf(await room.look())).toMatchObject({ browser: 'dark', app: 'dark', peers: 'lit' }),
      { timeout: 30_000, interval: 200 },
    )
    expect((await room.press('button=1')).headline).toBe('Ana is logged in: 7 of 7 doors open')
  })

  it('she can log in again in the very second in which she was logged out elsewhere [M10]', async () => {
    await room.press('button=1')
    const elsewhere = openBrowser()
    await walkIn({ urls: room.urls, provider: 'own' } as never, elsewhere, 'mail', people[0]!, performance.now())
    await elsewhere.press(await elsewhere.open(room.urls.mail), 'Log out', { scope: 'everywhere' })
    expect((await room.press('button=1')).headline).toBe('Ana is logged in: 7 of 7 doors open')
  })
})

describe('what if…', () => {
  it('Ana’s phone logs in as well: a logout on the laptop leaves it alone, “everywhere” does not [A14 L25]', async () => {
    await room.press('whatIf=second-device')
    const out = await room.press('button=4&scope=provider')
    expect(out.rows['browser']).toMatchObject({
      window: 'dark',
      is: expect.stringContaining('her phone: “Ana’s inbox”'),
    })
    expect(out.story).toContain('Her phone stays in.')
    const everywhere = await room.press('button=4&scope=everywhere')
    expect(everywhere.rows['browser']?.is).toContain('her phone: “You are signed out”')
    expect(liesOf(everywhere)).toEqual([])
  })

  it('she ends all other devices: the phone is out, the laptop stays [L25]', async () => {
    const shown = await room.press('whatIf=end-all-devices')
    expect(shown.story).toContain('the phone is out at once, the laptop stays in')
    expect(shown.rows['browser']?.is).toMatch(/“Ana’s inbox”; her phone: “You are signed out”/)
  })

  it('an administrator ends her: her copies are refused, and of Example ID nothing is claimed [A2 L25]', async () => {
    const shown = await room.press('whatIf=admin-ends')
    expect(windowsOf(shown)).toMatchObject({
      browser: 'dark',
      app: 'dark',
      tokens: 'dark',
      services: 'dark',
      provider: 'lit',
    })
    expect(shown.rows['provider']?.says).toContain('not possible')
    expect(liesOf(shown)).toEqual([])
    expect((await room.press('button=5')).screen).toContain('Sign in to Mail')
  })

  it('Example ID is down: Mail’s session ends all the same, and what was not reached is not called ended [A1 A2]', async () => {
    await room.press('button=1')
    await room.press('whatIf=provider-down')
    const out = await room.press('button=4&scope=provider')
    expect(windowsOf(out)).toMatchObject({
      browser: 'dark',
      app: 'dark',
      services: 'dark',
      tokens: 'lit',
      provider: 'lit',
    })
    expect(out.story).toContain('Example ID does not answer')
    expect(liesOf(out)).toEqual([])
    expect((await room.press('button=1')).story).toContain('nobody can log in')
    await room.press('whatIf=provider-down')
    expect((await room.press('button=1')).headline).toBe('Ana is logged in: 7 of 7 doors open')
  })

  it('Example ID is slow: nobody stays logged in because of that [A1 A12]', async () => {
    await room.press('button=1')
    await room.press('whatIf=provider-slow')
    const out = await room.press('button=4&scope=provider')
    expect(windowsOf(out)).toMatchObject({ browser: 'dark', app: 'dark', services: 'dark' })
    // It did not answer in time: that is the control.
    expect(out.rows['tokens']?.says).toContain('failed')
    expect(liesOf(out)).toEqual([])
  })

  it('“No, stay signed in”: Example ID lives on and is not called ended, and the login screen comes [A2 A7]', async () => {
    await room.press('whatIf=decline')
    const out = await room.press('button=4&scope=provider')
    expect(windowsOf(out)).toMatchObject({ app: 'dark', peers: 'lit', provider: 'lit', upstream: 'lit' })
    expect(out.rows['provider']?.says).toContain('failed')
    expect(liesOf(out)).toEqual([])
    expect((await room.press('button=5')).screen).toContain('Sign in to Mail')
  })

  it.each(['logout-token-late', 'logout-token-twice'])('%s: the newer login lives on [A4 L16]', async (id) => {
    const shown = await room.press(`whatIf=${id}`)
    expect(shown.story).toContain('Calendar answered 200. Her new login at Calendar lives on.')
    expect(shown.rows['peers']).toMatchObject({ window: 'lit' })
  })

  it.skipIf(process.platform === 'win32')(
    'the API stands still: it is not called ended, nobody hangs, and it refuses once it goes on [A12 G1 G3]',
    async () => {
      await room.press('button=1')
      await room.press('whatIf=guard-stopped')
      const out = await room.press('button=4&scope=provider')
      expect(out.headline).toBe('0 doors open. 2 we can’t see.')
      expect(out.rows['services']).toMatchObject({ window: 'unseen', is: expect.stringContaining('no answer') })
      expect(out.rows['services']?.says).not.toContain('ended')
      await room.press('whatIf=guard-stopped')
      await vi.waitFor(async () => expect((await room.look()).rows['services']?.is).toContain('→ 401'), 20_000)
    },
  )

  it('Acme is not told: the report says the same “unknown”, and the auditor sees why it never says more [A2]', async () => {
    await room.press('whatIf=upstream-stays')
    const out = await room.press('button=4&scope=provider')
    expect(out.headline).toBe('1 of 7 still open')
    expect(out.rows['upstream']).toMatchObject({ window: 'lit', says: expect.stringContaining('unknown') })
    expect(liesOf(out)).toEqual([])
    // Example ID asks Acme for the login screen, too.
    expect((await room.press('button=1')).story).toContain('gave her password to Acme')
  })
})

describe('who may press', () => {
  const status = (path: string, options: object, body = '') =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request(new URL(path, room.origin), options, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.once('error', reject).end(body)
    })

  it.each([
    ['another origin', { origin: 'http://mail.localhost:4403' }],
    ['another site, by its own words', { 'sec-fetch-site': 'cross-site' }],
    ['another port of localhost', { 'sec-fetch-site': 'same-site' }],
    ['nobody who says where he is', {}],
  ])('not %s [A5]', async (_who, headers) => {
    expect(await room.send('button=1', headers as Record<string, string>)).toBe(403)
    expect((await room.look()).headline).toBe('Nobody is logged in yet')
  })

  it.each(['/', '/events', '/room.js', '/press'])('nothing answers under a name that is not ours: %s', async (path) => {
    const { port } = new URL(room.origin)
    for (const host of [`evil.example:${port}`, 'localhost', `mail.localhost:${port}`])
      expect(await status(path, { headers: { host } })).toBe(421)
    const own = { 'content-type': 'application/x-www-form-urlencoded', host: `room.localhost:${port}` }
    expect(await status('/', { headers: own })).toBe(200)
  })

  it('its events are for its own page, and for so many pages at once', async () => {
    expect(await status('/events', { headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403)
    const opened = await Promise.all(
      Array.from(
        { length: 24 },
        () =>
          new Promise<{ status: number | undefined; stop: () => void }>((resolve) => {
            const asked = get(`${room.origin}/events`, (answer) =>
              resolve({ status: answer.statusCode, stop: () => asked.destroy() }),
            )
          }),
      ),
    )
    const refused = opened.filter((one) => one.status === 503).length
    for (const { stop } of opened) stop()
    expect(refused).toBe(5)
    await vi.waitFor(async () => {
      const asked = await new Promise<number | undefined>((resolve) => {
        const again = get(`${room.origin}/events`, (answer) => {
          again.destroy()
          resolve(answer.statusCode)
        })
      })
      expect(asked).toBe(200)
    }, 10_000)
  })

  it.each(['', 'button=6', 'button=4&scope=world', 'whatIf=nothing', `button=1&rest=${'x'.repeat(10_000)}`])(
    'refuses %j, which is no button [L18]',
    async (fields) => {
      expect(await room.send(fields)).toBe(400)
    },
  )

  it('leads a form without a script back to the page', async () => {
    const headers = { origin: room.origin, 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await send(new URL('/press', room.origin), { method: 'POST', headers, body: 'button=1' })
    expect([answer.status, answer.location]).toEqual([303, '/'])
    await vi.waitFor(async () => expect((await room.look()).headline).toContain('7 of 7'), 20_000)
  })
})

describe('the list of devices in Mail', () => {
  it('shows a person’s own logins, and ends one of them, or all others [L25]', async () => {
    const [ana, ben] = people
    const enter = async (person: typeof ana) => {
      const browser = openBrowser({ userAgent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0' })
      await walkIn({ urls: room.urls, provider: 'own' } as never, browser, 'mail', person!)
      return browser
    }
    const isIn = async (browser: Awaited<ReturnType<typeof enter>>) =>
      (await browser.open(room.urls.mail)).html.querySelector('[data-signed-in]') !== null
    const [first, second, third] = [await enter(ben), await enter(ben), await enter(ben)]
    const stranger = await enter(ana)

    const list = await first.open(`${room.urls.mail}/devices`)
    expect(list.html.text).toContain('Firefox on Windows')
    const after = await first.press(list, 'End that device')
    expect([after.url.pathname, after.status]).toEqual(['/devices', 200])
    expect([await isIn(first), await isIn(stranger)]).toEqual([true, true])
    expect([await isIn(second), await isIn(third)].toSorted()).toEqual([false, true])

    await first.press(after, 'End all others')
    expect([await isIn(first), await isIn(second), await isIn(third), await isIn(stranger)]).toEqual([
      true,
      false,
      false,
      true,
    ])
    expect((await openBrowser().open(`${room.urls.mail}/devices`)).html.text).toContain('Sign in to Mail')
  })

  it('is watched by the library’s browser side, under a policy that lets nothing else run', async () => {
    const policy = (await fetch(room.urls.mail)).headers.get('content-security-policy')
    expect(policy).toContain("script-src 'self'; connect-src 'self'")
    expect(await (await fetch(`${room.urls.mail}/watch.js`)).text()).toContain('watchSession({ signedIn: true })')
    const module = await fetch(`${room.urls.mail}/endsession-browser.js`)
    expect(module.headers.get('content-type')).toContain('text/javascript')
    expect(await module.text()).toMatch(/export (async )?function watchSession/)
  })
})

describe('switches from the command line', () => {
  it('are on from the beginning, and “reset” leaves them on', async () => {
    const asking = await openControlRoom(['--provider-asks'])
    try {
      await asking.press('reset=1')
      expect((await asking.press('button=4&scope=provider')).story).toContain('No, stay signed in')
    } finally {
      await asking.stop()
    }
  })
})

describe('without authentication', () => {
  it('the room says that there is nothing to log out, and does nothing [L23]', async () => {
    const open = await openControlRoom([], { AUTH_ENABLED: 'false' })
    try {
      expect(await open.send('button=1')).toBe(204)
      expect(await open.look()).toMatchObject({
        headline: 'Nothing to log out',
        story: expect.stringContaining('Authentication is disabled'),
        film: '',
      })
    } finally {
      await open.stop()
    }
  })
})
