export interface Person {
  readonly id: string
  /** In the realms of examples/keycloak. */
  readonly idAt: Readonly<Record<'example' | 'acme', string>>
  readonly name: string
  readonly email: string
  /** Shown on the login page: this is a demo. */
  readonly password: string
}

/** Acme's staff. They sign in to everything else through Acme. */
export const people: readonly Person[] = [
  { id: 'ana', idAt: idsOf(1), name: 'Ana', email: 'ana@acme.example', password: 'ana-demo' },
  { id: 'ben', idAt: idsOf(2), name: 'Ben', email: 'ben@acme.example', password: 'ben-demo' },
]

/** By the `sub` of whichever provider it is. */
export function findPerson(id: string): Person | undefined {
  return people.find((person) => person.id === id || person.idAt.example === id)
}

function idsOf(number: number): Person['idAt'] {
  const idIn = (prefix: string) => `${prefix}000000-0000-4000-8000-00000000000${number}`
  return { example: idIn('a0'), acme: idIn('ac') }
}
