import fc from 'fast-check'

/** A bounded run. A failure prints its seed and path: replay it with `fc.assert(…, { seed, path })`. */
export async function holds<Values>(property: fc.IRawProperty<Values>, numRuns = 300): Promise<void> {
  await fc.assert(property, { numRuns, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false })
}

/** Any text that a header may hold. */
export function headerText(): fc.Arbitrary<string> {
  const visible = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f)
  return fc.array(visible, { maxLength: 300 }).map((codes) => String.fromCharCode(...codes))
}

/** Text that a cookie of ours may hold. */
export function cookieText(): fc.Arbitrary<string> {
  return fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
}
