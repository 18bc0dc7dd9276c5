/**
 * Import before `oidc-provider`: it tells developers what to change before production (its memory store, its runtime).
 * All true, and noise in a demo; everything else that is said goes through.
 */
for (const level of ['info', 'warn'] as const) {
  const say = console[level]
  console[level] = (...words: unknown[]) => {
    if (!String(words[0]).includes('oidc-provider ')) say(...words)
  }
}
