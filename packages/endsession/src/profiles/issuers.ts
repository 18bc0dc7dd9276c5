/**
 * Whether an issuer is one of a `host/path` pattern's. Whole labels only, of the host that a browser would go to, so that
 * `https://accounts.google.com.evil.example` is nobody's. In the host `*` is one label, as the first one also several; a
 * path of `/*` is any path. Only https, without port, user, query or fragment.
 */
export function matchesIssuer(pattern: string, issuer: string): boolean {
  if (!URL.canParse(issuer)) return false
  const { protocol, username, password, host, pathname, search, hash } = new URL(issuer)
  if (protocol !== 'https:' || username || password || search || hash) return false
  const slash = pattern.indexOf('/')
  return hostPattern(pattern.slice(0, slash)).test(host) && isPath(pattern.slice(slash), pathname)
}

function hostPattern(pattern: string): RegExp {
  const label = '[a-z0-9-]+'
  const labels = pattern.split('.').map((part, place) => {
    if (part !== '*') return part
    return place === 0 ? `${label}(\\.${label})*` : label
  })
  return new RegExp(`^${labels.join('\\.')}$`)
}

function isPath(pattern: string, pathname: string): boolean {
  return pattern.endsWith('/*') ? pathname.startsWith(pattern.slice(0, -1)) : pathname === pattern
}
