import dns, { type LookupAddress, type LookupAllOptions, type LookupOneOptions, type LookupOptions } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'

/**
 * RFC 6761, section 6.3: names under `.localhost` are this machine. Browsers and curl know, Node asks the system,
 * and most systems do not know. Import this first; it serves `fetch` as well as `node:http`.
 */
const systemLookup = dns.lookup

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

function lookup(hostname: string, options: LookupOptions | number | Callback, callback?: Callback): void {
  const done = typeof options === 'function' ? options : callback
  if (!done) throw new TypeError('lookup needs a callback')
  const wanted: LookupOptions =
    typeof options === 'number' ? { family: options } : typeof options === 'function' ? {} : options
  if (!hostname.toLowerCase().endsWith('.localhost')) {
    systemLookup(hostname, wanted as LookupOneOptions & LookupAllOptions, done)
    return
  }
  const found: LookupAddress =
    wanted.family === 6 || wanted.family === 'IPv6'
      ? { address: '::1', family: 6 }
      : { address: '127.0.0.1', family: 4 }
  if (wanted.all) process.nextTick(done, null, [found])
  else process.nextTick(done, null, found.address, found.family)
}

dns.lookup = Object.assign(lookup, { __promisify__: systemLookup.__promisify__ }) as typeof dns.lookup
syncBuiltinESMExports()
