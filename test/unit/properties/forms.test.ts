import { EndSessionError } from 'endsession'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readForm, single } from '../../../packages/endsession/src/web/request.ts'
import { headerText, holds } from './holds.ts'

const formType = 'application/x-www-form-urlencoded'

/** A POST whose body comes in these pieces; counts how many of them were asked for, and whether the rest was let go. */
function posting(chunks: readonly Uint8Array[], headers: Record<string, string> = { 'content-type': formType }) {
  let [sent, cancelled] = [0, false]
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[sent]
        if (!chunk) return controller.close()
        sent++
        controller.enqueue(chunk)
      },
      cancel() {
        cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const request = new Request('http://localhost:3000/', {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
  } as RequestInit)
  return { request, sent: () => sent, cancelled: () => cancelled }
}

/** What was read, or the status of our refusal. Whatever else is thrown is thrown on. */
async function outcome(work: Promise<URLSearchParams>): Promise<URLSearchParams | number> {
  return work.catch((error: unknown) => {
    if (error instanceof EndSessionError && error.code === 'ERR_REQUEST') return error.status
    throw error
  })
}

const chunks = (maxLength: number) => fc.array(fc.uint8Array({ minLength: 1, maxLength }), { maxLength: 20 })

describe('forms', () => {
  it('[L18] what a browser writes is read again', async () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })))
    await holds(
      fc.asyncProperty(pairs, fc.integer({ min: 1, max: 20 }), async (pairs, size) => {
        const bytes = new TextEncoder().encode(new URLSearchParams(pairs).toString())
        const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        )
        expect([...(await readForm(posting(parts).request))]).toEqual(pairs)
      }),
    )
  })

  it('[L18 A12] any bytes are a form or too large, and are not read on over the limit', async () => {
    await holds(
      fc.asyncProperty(chunks(300), fc.integer({ min: 0, max: 2000 }), async (chunks, most) => {
        const { request, sent, cancelled } = posting(chunks)
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
        const read = await outcome(readForm(request, most))
        expect(read instanceof URLSearchParams ? 200 : read).toBe(bytes <= most ? 200 : 413)
        if (bytes <= most) return
        const upTo = chunks.findIndex(
          (_, at) => chunks.slice(0, at + 1).reduce((sum, chunk) => sum + chunk.length, 0) > most,
        )
        expect(sent()).toBe(upTo + 1)
        expect(cancelled()).toBe(true)
      }),
    )
  })

  it('[L18 A12] a body that says it is too large is not begun', async () => {
    await holds(
      fc.asyncProperty(fc.oneof(fc.nat(200_000), fc.constantFrom(65_536, 65_537)), async (length) => {
        const { request, sent } = posting([new Uint8Array(1)], {
          'content-type': formType,
          'content-length': String(length),
        })
        const read = await outcome(readForm(request))
        expect(read === 413).toBe(length > 65_536)
        if (read === 413) expect(sent()).toBe(0)
      }),
    )
  })

  it('[L18] any headers: a form, 413 or 415', async () => {
    const type = fc.oneof(
      headerText(),
      fc.constantFrom(formType, `${formType}; charset=utf-8`, 'Application/X-WWW-Form-Urlencoded ;', `${formType}x`),
    )
    await holds(
      fc.asyncProperty(type, headerText(), async (type, length) => {
        const { request } = posting([new TextEncoder().encode('a=1')], {
          'content-type': type,
          'content-length': length,
        })
        const isForm = new RegExp(`^${formType}\\s*(;|$)`, 'i').test(request.headers.get('content-type') ?? '')
        const read = await outcome(readForm(request))
        expect(read instanceof URLSearchParams || read === 413 || read === 415).toBe(true)
        if (!isForm) expect(read).toBe(415)
      }),
      500,
    )
  })

  it('[L18] a body that breaks off is a bad request', async () => {
    await holds(
      fc.asyncProperty(chunks(50), async (chunks) => {
        let sent = 0
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const chunk = chunks[sent++]
            if (chunk) controller.enqueue(chunk)
            else controller.error(new Error('aborted'))
          },
        })
        const init = { method: 'POST', headers: { 'content-type': formType }, body, duplex: 'half' } as RequestInit
        expect(await outcome(readForm(new Request('http://localhost:3000/', init)))).toBe(400)
      }),
      50,
    )
  })

  it('[L18] a field that is there twice is refused by name', async () => {
    const name = fc.constantFrom('logout_token', 'state', 'scope')
    const fields = fc.array(fc.tuple(name, fc.string()), { maxLength: 6 })
    await holds(
      fc.property(fields, name, (fields, name) => {
        const values = fields.filter(([key]) => key === name).map(([, value]) => value)
        const read = () => single(new URLSearchParams(fields), name)
        if (values.length > 1) expect(read).toThrow(expect.objectContaining({ code: 'ERR_REQUEST' }))
        else expect(read()).toBe(values[0] === '' ? undefined : values[0])
      }),
    )
  })
})
