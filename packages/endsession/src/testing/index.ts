export { type TestClock, testClock } from './clock.ts'
export {
  type FakeAlgorithm,
  type FakeEndpoint,
  type FakeEndSession,
  type FakeEndSessionError,
  type FakeHeader,
  type FakeLogin,
  type FakeProvider,
  type FakeProviderBehaviours,
  type FakeRequest,
  fakeProvider,
} from './fake-provider.ts'
export { type StoreContractOptions, storeContract } from './store-contract.ts'
