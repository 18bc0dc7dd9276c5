import { describe, expect, it } from 'vitest'
import { isNavigation, isPrefetch, isSameOrigin, readForm, single } from '../../packages/endsession/src/web/request.ts'

const url = 'https://mail.example/auth/logout'
const origin = 'https://mail.example'
const get = (headers: Record<string, string> = {}) => new Request(url, { headers })
const formType = { 'content-type': 'application/x-www-form-urlencoded' }

function post(body: NonNullable<RequestInit['body']>, headers: Record<string, string> = formType): Request {
  return new Request(url, { method: 'POST', body, headers, ...({ duplex: 'half' } as object) })
}

describe('isPrefetch', () => {
  it.each([
    { 'sec-purpose': 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'sec-purpose': 'Prefetch; anonymous-client-ip' },
    { purpose: 'prefetch' },
    { purpose: 'preview' },
    { 'next-router-prefetch': '1' },
    { rsc: '1' },
  ])('[A5] %j asks for what nobody has asked for (need 18)', (headers) => {
    expect(isPrefetch(get(headers as unknown as Record<string, string>))).toBe(true)
  })

  it("[A5] a person's own visit is none", () => {
    expect(isPrefetch(get({ 'sec-fetch-mode': 'navigate', purpose: '' }))).toBe(false)
  })
})

describe('isNavigation', () => {
  it.each([
    [{ 'sec-fetch-mode': 'navigate' }, true],
    [{ 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
    [{ accept: 'text/html,*/*' }, true],
    [{ accept: '*/*' }, false],
    [{}, false],
  ])('[L4] %j: %s', (headers, expected) => {
    expect(isNavigation(get(headers as Record<string, string>))).toBe(expected)
  })
})

describe('isSameOrigin', () => {
  it.each([
    ['same-origin', origin, true],
    ['same-origin', undefined, true],
    // A page with `Referrer-Policy: no-referrer`, helmet's default, sends its forms so.
    ['same-origin', 'null', true],
    ['same-origin', 'https://evil.example', false],
    ['same-site', origin, false],
    ['cross-site', origin, false],
    ['none', undefined, false],
    ['', origin, false],
    [undefined, origin, true],
    [undefined, 'null', false],
    [undefined, 'https://evil.example', false],
    [undefined, 'https://mail.example.evil.example', false],
    [undefined, 'https://MAIL.example', false],
    [undefined, undefined, false],
  ])('[A5] Sec-Fetch-Site %s, Origin %s: %s (need 19)', (site, from, expected) => {
    const headers = {
      ...(site !== undefined && { 'sec-fetch-site': site }),
      ...(from !== undefined && { origin: from }),
    }
    expect(isSameOrigin(get(headers), origin)).toBe(expected)
  })

  it('[A11] asks the configured origin, not Host', () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' }
    expect(isSameOrigin(new Request('https://evil.example/auth/logout', { headers }), origin)).toBe(false)
  })
})

describe('readForm', () => {
  it('reads a form', async () => {
    const form = await readForm(
      post('a=1&b=%C3%BC+x', { 'content-type': 'Application/X-WWW-Form-Urlencoded ; charset=UTF-8' }),
    )
    expect([...form]).toEqual([
      ['a', '1'],
      ['b', '\u00fc x'],
    ])
  })

  it('no body at all is an empty form', async () => {
    expect([...(await readForm(new Request(url, { method: 'POST' })))]).toEqual([])
  })

  it.each([
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/x-www-form-urlencodedx',
    'x',
  ])('[L18] %s is no form', async (type) => {
    await expect(readForm(post('a=1', { 'content-type': type }))).rejects.toMatchObject({
      code: 'ERR_REQUEST',
      status: 415,
    })
  })

  it('[A12 L18] at most 64 KiB: what says that it is larger is not read at all', async () => {
    let pulled = 0
    const body = new ReadableStream(
      {
        pull: (controller) => {
          pulled++
          controller.enqueue(new Uint8Array(1024))
        },
      },
      { highWaterMark: 0 },
    )
    const request = post(body, { ...formType, 'content-length': '65537' })
    await expect(readForm(request)).rejects.toMatchObject({ code: 'ERR_REQUEST', status: 413 })
    expect(pulled).toBe(0)
  })

  it('[A12 L18] at most 64 KiB: a body that does not say how large it is is read no farther', async () => {
    let pulled = 0
    const long = new ReadableStream(
      {
        pull: (controller) => (pulled++ < 1000 ? controller.enqueue(new Uint8Array(1024)) : controller.close()),
      },
      { highWaterMark: 0 },
    )
    await expect(readForm(post(long))).rejects.toMatchObject({ code: 'ERR_REQUEST', status: 413 })
    expect(pulled).toBeLessThan(70)
  })

  it('[A12] 64 KiB are not too much', async () => {
    expect((await readForm(post(`a=${'x'.repeat(65_534)}`))).get('a')).toHaveLength(65_534)
  })

  it('[L18] a body that breaks off is a bad request, not a crash', async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('aborted')) })
    await expect(readForm(post(broken))).rejects.toMatchObject({ code: 'ERR_REQUEST', status: 400 })
  })

  it('bytes that are no UTF-8 do not break it', async () => {
    expect((await readForm(post(new Uint8Array([97, 61, 0xff, 0xfe])))).get('a')).toBe('\ufffd\ufffd')
  })
})

describe('single', () => {
  it('[L18] a field that is there twice is wrong, not its first or last', () => {
    expect(single(new URLSearchParams('a=1&b=2'), 'a')).toBe('1')
    expect(single(new URLSearchParams('a='), 'a')).toBeUndefined()
    expect(single(new URLSearchParams(''), 'a')).toBeUndefined()
    expect(() => single(new URLSearchParams('a=1&a=1'), 'a')).toThrow(expect.objectContaining({ code: 'ERR_REQUEST' }))
  })
})
