/** A clock that moves when it is told to. */
export interface TestClock {
  /** Epoch seconds. */
  now(): number
  /** Seconds that never go back. */
  monotonic(): number
  /** Forward, for both. */
  advance(seconds: number): void
}

/**
 * For an app's `runtime.now` and a store's `now`. Does NOT move timers: what waits for real time goes on doing so, and with
 * `monotonic` standing still it would wait for ever.
 */
export function testClock(start: number = 1_800_000_000): TestClock {
  let seconds = 0
  return {
    now: () => start + seconds,
    monotonic: () => seconds,
    advance(by) {
      if (!(by >= 0)) throw new RangeError('a clock goes forward')
      seconds += by
    },
  }
}
