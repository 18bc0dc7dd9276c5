export { testClock, type TestClock } from './clock.ts'
export {
  fakeProvider,
  type FakeAlgorithm,
  type FakeEndpoint,
  type FakeEndSession,
  type FakeLogin,
  type FakeProvider,
  type FakeProviderBehaviours,
} from './fake-provider.ts'
