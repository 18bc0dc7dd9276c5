import { matchesIssuer } from './issuers.ts'
import { documentation, type Fact } from './known-provider.ts'

/** Who speaks OAuth 2.0 and issues no ID token to sign in with: there is nothing here that a session could be made of. */
export interface WithoutOpenid {
  readonly name: string
  readonly title: string
  readonly issuers: readonly string[]
  readonly why: Fact<string>
}

export const withoutOpenid: readonly WithoutOpenid[] = [
  {
    name: 'github',
    title: 'GitHub',
    issuers: ['github.com/*', 'api.github.com/*'],
    why: documentation(
      'GitHub issues no ID tokens for logins of people',
      'GitHub docs, GitHub authentication discovery endpoints, as others quote it',
    ),
  },
]

/** The one that is meant, by name or by issuer. */
export function lacksOpenid(issuer: string, name: string | undefined): WithoutOpenid | undefined {
  return withoutOpenid.find(
    (known) =>
      known.name === name || (name === undefined && known.issuers.some((pattern) => matchesIssuer(pattern, issuer))),
  )
}
