import { equalSecrets } from '../runtime.ts'

/** Whose key comes with this request. Every key is compared, in a time that tells nothing of any. */
export function keyOwner(request: Request, keys: ReadonlyMap<string, string>): string | undefined {
  const key = /^Bearer (.{1,512})$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
  let owner: string | undefined
  for (const [name, known] of keys) if (equalSecrets(known, key)) owner = name
  return owner
}
