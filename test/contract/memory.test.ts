import { storeContract, testClock } from 'endsession/testing'
import { describe, it } from 'vitest'
import { memoryStore } from '../../packages/endsession/src/session/memory.ts'

describe('memory store, real time', () => {
  storeContract(async () => memoryStore(), { describe, it })
})

describe('memory store, a clock that is moved', () => {
  const clock = testClock()
  storeContract(async () => memoryStore(clock), { advance: clock.advance, describe, it })
})
