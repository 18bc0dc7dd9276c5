import type { AuthorizationServer } from 'oauth4webapi'

/** Public-key signatures only: `none` signs nothing, and with HS256 the public key would be the secret. */
export const asymmetricAlgorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

export function isAsymmetric(alg: unknown): alg is string {
  return typeof alg === 'string' && asymmetricAlgorithms.includes(alg)
}

/** What this provider signs ID and logout tokens with; RS256 where it does not say (Core 1.0, section 3.1.3.7). */
export function signingAlgorithms(metadata: AuthorizationServer): string[] {
  return (metadata.id_token_signing_alg_values_supported ?? ['RS256']).filter(isAsymmetric)
}
