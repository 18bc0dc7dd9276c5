import { profileFor } from '../../../packages/endsession/src/profiles/index.ts'
import type { Profile } from '../../../packages/endsession/src/profiles/profile.ts'
import {
  createProvider,
  type Provider,
  type ProviderConfig,
} from '../../../packages/endsession/src/protocol/provider.ts'
import { type Runtime, systemRuntime } from '../../../packages/endsession/src/runtime.ts'
import { type TestClock, testClock } from '../../../packages/endsession/src/testing/clock.ts'
import {
  type FakeProvider,
  type FakeProviderBehaviours,
  fakeProvider,
} from '../../../packages/endsession/src/testing/fake-provider.ts'

export interface UnderTest {
  readonly fake: FakeProvider
  readonly clock: TestClock
  readonly runtime: Runtime
  readonly provider: Provider
}

interface Setup {
  readonly behaviours?: FakeProviderBehaviours
  readonly config?: Partial<ProviderConfig>
  readonly profile?: Partial<Profile>
  readonly runtime?: Partial<Runtime>
}

/** A provider of ours, on a fake provider, with a clock that both of them read. */
export function underTest({ behaviours = {}, config = {}, profile = {}, runtime: parts = {} }: Setup = {}): UnderTest {
  const clock = testClock()
  const fake = fakeProvider({ now: clock.now, ...behaviours })
  const runtime: Runtime = { ...systemRuntime(), ...clock, fetch: fake.fetch, ...parts }
  const { issuer, clientId, clientSecret } = fake
  const settings = { issuer, clientId, clientSecret, scope: 'openid profile', profile: profileFor(issuer, profile) }
  return { fake, clock, runtime, provider: createProvider({ ...settings, ...config }, runtime) }
}

/** What `work` is refused with. */
export async function failureOf(work: Promise<unknown>): Promise<any> {
  return work.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: unknown) => error,
  )
}
