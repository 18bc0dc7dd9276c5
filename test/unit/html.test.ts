import { describe, expect, it } from 'vitest'
import { layer, makeReport } from '../../packages/endsession/src/report.ts'
import { sha256 } from '../../packages/endsession/src/runtime.ts'
import { html } from '../../packages/endsession/src/web/html.ts'
import { pageResponse } from '../../packages/endsession/src/web/page.ts'
import { defaultTexts } from '../../packages/endsession/src/web/texts.ts'

const nasty = `"><script>alert('1')</script>&amp;`
const setting = { texts: defaultTexts, app: nasty, basePath: '/auth' }

describe('html', () => {
  it('escapes what it is given, and not what is HTML already', () => {
    expect(html`<p title="${nasty}">${html`<b>${'<'}</b>`}${undefined}${[html`<i>`, html`</i>`]}</p>`.html).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;"><b>&lt;</b><i></i></p>',
    )
  })
})

describe('pageResponse', () => {
  const form = {
    kind: 'form',
    text: 'confirmButton',
    method: 'post',
    to: nasty,
    fields: [[nasty, nasty]],
    autoSeconds: 0,
    fallback: nasty,
  } as const

  it('[L17] carries its own policy, no frame, no cache', () => {
    const { headers, status } = pageResponse(setting, { title: 'refusedTitle', sentence: 'refusedSentence' }, 400, [
      'a=1',
      'b=2',
    ])
    expect(status).toBe(400)
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|form-action/)
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('[L17] its policy allows exactly its own style and script', async () => {
    const response = pageResponse(setting, { title: 'leavingTitle', sentence: 'leavingSentence', action: form }, 200)
    const text = await response.text()
    const policy = response.headers.get('content-security-policy') ?? ''
    const hash = (inside = '') => `'sha256-${Buffer.from(sha256(inside), 'base64url').toString('base64')}'`
    expect(policy).toContain(`style-src ${hash(/<style>([\s\S]*)<\/style>/.exec(text)?.[1])}`)
    expect(policy).toContain(`script-src ${hash(/<script>([\s\S]*)<\/script>/.exec(text)?.[1])}`)
    expect(text).not.toMatch(/ on\w+=| style=/)
  })

  it('[L17] whatever it is given, it stays text', async () => {
    const pages = [
      { title: 'confirmTitle', sentence: 'confirmProvider', provider: nasty, action: form },
      {
        title: 'chooseTitle',
        sentence: 'chooseSentence',
        action: { kind: 'choice', links: [{ text: nasty, href: nasty }] },
      },
      { title: 'chooseTitle', sentence: 'chooseSentence', action: { kind: 'link', text: 'signInButton', href: nasty } },
    ] as const
    for (const page of pages) {
      const text = await pageResponse(setting, page, 200).text()
      expect(text).not.toContain(nasty)
      expect(text).not.toContain('<script>alert')
    }
  })

  it('a row says by a word how it ended, and names its parts where there are several', async () => {
    const rows = {
      browser: layer('cookies_expired'),
      app: layer('record_ended'),
      tokens: layer('revoked'),
      services: layer([
        [nasty, 'guard_confirmed'],
        ['billing', 'guard_silent'],
      ]),
      peers: layer('peers_told_by_provider'),
      provider: layer('probe_login_required'),
      upstream: layer('no_upstream'),
    }
    const page = {
      title: 'signedOutTitle',
      sentence: 'signedOutEnded',
      report: makeReport('provider', 1, rows),
    } as const
    const text = await pageResponse(setting, page, 200).text()
    const [services] = /<dt>Services[\s\S]*?<\/dd>/.exec(text) ?? []
    expect(services).toContain('<span class="requested">asked for</span>')
    expect(services).toMatch(/<small>billing: asked for · .*alert.*: ended<\/small>/)
    expect(text).not.toContain(nasty)
    expect(/<dt>Tokens[\s\S]*?<\/dd>/.exec(text)?.[0]).not.toContain('<small>')
    expect(text).toContain('<dt>The provider ')
  })

  it('is small: a page with everything on it is under 6 kB', async () => {
    const report = makeReport('provider', 1, {
      browser: layer('cookies_expired'),
      app: layer('signed_in_since'),
      tokens: layer('revocation_failed'),
      services: layer('no_guard_follows'),
      peers: layer('peers_told_by_provider'),
      provider: layer('probe_still_signed_in'),
      upstream: layer('upstream_unknown'),
    })
    const action = { ...form, to: '/auth/logout', fields: [], fallback: '/' } as const
    const page = { title: 'failedTitle', sentence: 'failedSentence', action, report } as const
    const text = await pageResponse({ ...setting, app: 'mail.example.com' }, page, 503).text()
    expect(Buffer.byteLength(text)).toBeLessThan(6000)
  })
})
