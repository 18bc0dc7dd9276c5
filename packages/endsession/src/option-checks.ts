import { isLoopback } from './profiles/check-profile.ts'

/** Notes one problem: where it is, and what to do. */
export type Tell = (path: string, whatToDo: string) => void

/** Every key that there is not, with the nearest one that there is. */
export function checkKeys(path: string, value: object | undefined, known: readonly string[], report: Tell): void {
  for (const key of Object.keys(value ?? {})) {
    if (known.includes(key)) continue
    const nearest = known.toSorted((a, b) => distance(a, key) - distance(b, key))[0] as string
    const hint = distance(nearest, key) <= 3 ? `; did you mean ${nearest}?` : `; known are ${known.join(', ')}`
    report(path ? `${path}.${key}` : key, `there is no such option${hint}`)
  }
}

export function oneOf<T extends string | boolean>(path: string, value: T, known: readonly T[], report: Tell): T {
  if (!known.includes(value)) report(path, `must be one of ${known.join(', ')}`)
  return value
}

/** https, or a name that never leaves this machine. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** Levenshtein: how many letters apart. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (const [i, letter] of [...a.toLowerCase()].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b.toLowerCase()].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row[b.length] ?? 0
}
