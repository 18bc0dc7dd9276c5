import { describe, expect, it } from 'vitest'
import { EndSessionError } from '../../packages/endsession/src/errors.ts'
import { errorResponse } from '../../packages/endsession/src/web/error-response.ts'

const navigation = new Request('https://mail.example/', { headers: { 'sec-fetch-mode': 'navigate' } })
const fetched = new Request('https://mail.example/', { headers: { 'sec-fetch-mode': 'cors' } })
const page = ({ title }: { title: string }, status: number) => new Response(title, { status })

describe('EndSessionError', () => {
  it.each([
    ['ERR_OPTIONS', 500],
    ['ERR_STORE', 503],
    ['ERR_PROVIDER', 502],
    ['ERR_LOGIN', 400],
    ['ERR_LOGOUT_TOKEN', 400],
    ['ERR_REQUEST', 400],
  ] as const)('%s is a %s, unless it says another', (code, status) => {
    expect(new EndSessionError(code, 'words')).toMatchObject({
      name: 'EndSessionError',
      code,
      status,
      message: 'words',
    })
    expect(new EndSessionError(code, 'words', { status: 418 }).status).toBe(418)
  })

  it('keeps its cause, also one that is undefined, and none without one', () => {
    const cause = new Error('detail')
    expect(new EndSessionError('ERR_STORE', 'words', { cause }).cause).toBe(cause)
    expect('cause' in new EndSessionError('ERR_STORE', 'words')).toBe(false)
  })
})

describe('EndSessionError of another copy of this module, as bundlers make them', () => {
  it('is one of ours, and nothing else is', async () => {
    const path = '../../packages/endsession/src/errors.ts?copy'
    const { EndSessionError: Other } = (await import(path)) as { EndSessionError: typeof EndSessionError }
    expect(Other).not.toBe(EndSessionError)
    expect(new Other('ERR_STORE', 'words')).toBeInstanceOf(EndSessionError)
    expect(errorResponse(page as never, fetched, new Other('ERR_STORE', 'words')).status).toBe(503)
    for (const value of [new Error('ERR_STORE'), { code: 'ERR_STORE' }, 'ERR_STORE', null, undefined])
      expect(value instanceof EndSessionError).toBe(false)
  })
})

describe('errorResponse', () => {
  it.each(['ERR_STORE', 'ERR_PROVIDER', 'ERR_LOGIN', 'ERR_REQUEST'] as const)(
    '[L18] %s: fixed words, never the cause',
    async (code) => {
      const error = new EndSessionError(code, 'our words', { cause: new Error('canary') })
      const shown = errorResponse(page as never, navigation, error)
      expect(shown.status).toBe(error.status)
      expect(await shown.text()).toMatch(/Title$/)
      const answered = errorResponse(page as never, fetched, error)
      expect(answered.headers.get('cache-control')).toBe('no-store')
      expect(await answered.json()).toEqual({ error: code })
    },
  )

  it("what is not a request's fault is thrown on, as it is", () => {
    for (const error of [new EndSessionError('ERR_OPTIONS', 'words'), new TypeError('bug'), 'text'])
      expect(() => errorResponse(page as never, navigation, error)).toThrow(error as Error)
  })
})
