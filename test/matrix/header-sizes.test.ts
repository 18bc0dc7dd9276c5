import type { Options } from 'endsession'
import { describe, expect, it } from 'vitest'
import { makeSetting, type SettingOptions } from './setting.ts'
import { type Answered, faultyMemory, wander } from './wander.ts'

/** As nginx counts: the status line, each line with its CRLF, the empty one. */
function headerBytes({ answer: { status, headers } }: Answered): number {
  const lines = [
    `HTTP/1.1 ${status} Internal Server Error`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
    '',
  ]
  return Buffer.byteLength(lines.map((line) => `${line}\r\n`).join(''))
}

/** As long as they may be: names, addresses, what the person is sent back to. */
const origin = `https://${'mail'.repeat(15)}.${'department'.repeat(6)}.example`
const issuer = `https://${'login'.repeat(12)}.example/realms/${'r'.repeat(60)}`
const returnTo = `/${'x'.repeat(511 - origin.length)}`
const fat: SettingOptions = {
  behaviours: { issuer, fatIdTokenBytes: 3000, idTokenClaims: { groups: 'g'.repeat(3000) } },
  options: {
    baseUrl: origin,
    logout: { clear: ['cache', 'storage'], probe: 'where_it_proves' },
    frontchannel: true,
  } as Partial<Options>,
  profile: { probeProves: true },
}

describe('headers', () => {
  const kinds: Readonly<Record<string, SettingOptions>> = {
    'as it comes': {},
    'everything long': fat,
    'everything long, revocation after the way back': {
      ...fat,
      profile: { probeProves: true, revokeBeforeLeaving: false },
    },
    'an ID token over the URL limit': { ...fat, behaviours: { ...fat.behaviours, fatIdTokenBytes: 9000 } },
    'many guards with long names': {
      ...fat,
      options: {
        ...fat.options,
        logout: { deadlineSeconds: 0.02 },
        feed: {
          keys: Object.fromEntries(
            Array.from({ length: 20 }, (_, at) => [`${'guard'.repeat(12)}-${at}`, `${at}`.padEnd(32, 'k')]),
          ),
        },
      } as Partial<Options>,
    },
    'a form that is posted': {
      ...fat,
      behaviours: { ...fat.behaviours, fatIdTokenBytes: 9000 },
      profile: { acceptsPost: true },
    },
  }
  for (const [kind, given] of Object.entries(kinds)) {
    it(`[A10] stay under 4 KiB on every route, in every situation: ${kind}`, async () => {
      const memory = faultyMemory()
      const setting = await makeSetting({
        ...given,
        store: memory.make,
      })
      const answers = await wander({
        setting,
        faulty: memory.faulty(),
        origin: (given.options?.baseUrl as string) ?? 'http://localhost:3000',
        login: { sub: 's'.repeat(200) },
        returnTo,
      })
      await setting.close()
      expect(answers.length).toBeGreaterThan(150)
      const largest = answers.toSorted((a, b) => headerBytes(b) - headerBytes(a)).slice(0, 3)
      const said = largest
        .map((one) => `${headerBytes(one)} bytes: ${one.what}: ${one.path}: ${one.answer.status}`)
        .join('\n')
      expect(headerBytes(largest[0] as Answered), said).toBeLessThan(4096)
      // The control: the fattest are fat.
      expect(headerBytes(largest[0] as Answered), said).toBeGreaterThan(700)
    })
  }
})
