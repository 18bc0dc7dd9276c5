import { type Made, makeEndSession } from '../../create.ts'
import type { Options } from '../../index.ts'

const place = Symbol.for('endsession')

/** Next.js loads one module several times in one process, and its copies share nothing but this. */
type Shared = typeof globalThis & { [place]?: Map<string, Made> }

/**
 * One per process, by origin and base path: the store, what follows its feed, and the work in the background. Whoever comes
 * first makes it; what the options of other copies hold is not used. Throws ERR_OPTIONS.
 */
export function shareEndSession(options: Options): Made {
  const shared: Shared = globalThis
  const all = shared[place] ?? new Map<string, Made>()
  shared[place] = all
  const key = `${options.baseUrl}${options.basePath}`
  const known = all.get(key)
  if (known) return known
  const made = makeEndSession(options)
  const { close } = made.endsession
  made.endsession.close = async () => {
    all.delete(key)
    await close()
  }
  all.set(key, made)
  return made
}
