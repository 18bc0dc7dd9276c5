import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { keycloakVersion } from '../../servers/src/keycloak-distribution.ts'

const folder = fileURLToPath(new URL('../../examples/keycloak/', import.meta.url))
const read = (name: string) => readFileSync(folder + name, 'utf8')
const realms = readdirSync(folder).filter((name) => name.endsWith('-realm.json'))
const variables = new Set(
  realms.flatMap((name) => [...read(name).matchAll(/\$\{(\w+):/g)].map(([, variable]) => variable)),
)

describe('examples/keycloak', () => {
  it('is the same Keycloak with Docker as without: version and realms', () => {
    const compose = read('compose.yaml')
    expect([...compose.matchAll(/quay\.io\/keycloak\/keycloak:(\S+)/g)].map(([, version]) => version)).toEqual([
      keycloakVersion,
    ])
    const mounted = [...compose.matchAll(/- \.\/(\S+):\/opt\/keycloak\/data\/import\/(\S+):ro/g)]
    expect(mounted.map(([, from, to]) => [from, to])).toEqual(realms.map((name) => [name, name]))
  })

  it('says in its README what the realms take from the environment', () => {
    const table =
      read('README.md')
        .match(/^\| `.*$/gm)
        ?.join('\n') ?? ''
    const told = new Set([...table.matchAll(/`([A-Z_]+)`/g)].map(([, variable]) => variable))
    expect(told).toEqual(variables)
    expect(read('README.md')).toContain(`Keycloak ${keycloakVersion}`)
  })

  it('sets in compose.yaml no variable that the realms do not have', () => {
    const set = [...read('compose.yaml').matchAll(/^ {6}((?!KC_)[A-Z_]+):/gm)].map(([, variable]) => variable)
    expect(set.length).toBeGreaterThan(0)
    expect(set.filter((variable) => !variables.has(variable))).toEqual([])
  })

  it('registers for both apps what the library says is to be registered', () => {
    const { clients } = JSON.parse(read('example-realm.json'))
    for (const { clientId, redirectUris, attributes, frontchannelLogout } of clients) {
      const name = clientId.toUpperCase()
      expect(redirectUris).toEqual([expect.stringMatching(new RegExp(`^\\$\\{${name}_URL:[^}]+\\}/auth/callback$`))])
      expect(attributes['post.logout.redirect.uris']).toMatch(/\/auth\/logged-out$/)
      expect(attributes['backchannel.logout.url']).toMatch(
        new RegExp(`^\\$\\{${name}_BACKCHANNEL_URL:[^}]+\\}/auth/backchannel-logout$`),
      )
      expect(attributes['backchannel.logout.session.required']).toBe('true')
      expect(frontchannelLogout).toBe(false)
    }
  })
})
