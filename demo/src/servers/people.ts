export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  /** Shown on the login page: this is a demo. */
  readonly password: string
}

/** Acme's staff. They sign in to everything else through Acme. */
export const people: readonly Person[] = [
  { id: 'ana', name: 'Ana', email: 'ana@acme.example', password: 'ana-demo' },
  { id: 'ben', name: 'Ben', email: 'ben@acme.example', password: 'ben-demo' },
]

export function findPerson(id: string): Person | undefined {
  return people.find((person) => person.id === id)
}
