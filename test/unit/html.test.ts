import { describe, expect, it } from 'vitest'
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
})
