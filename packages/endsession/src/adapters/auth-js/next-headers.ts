/** Next.js's request, where none is handed over: server components and actions. Imported only when asked for. */

export async function readHeaders(): Promise<Headers> {
  const { headers } = await import('next/headers.js')
  return new Headers(await headers())
}

/** Throws, as Next.js wants it. */
export async function redirectTo(url: string): Promise<never> {
  const { redirect } = await import('next/navigation.js')
  return redirect(url)
}

/** `Set-Cookie` lines, in the way that a server action sets cookies. Throws in a server component. */
export async function setCookies(lines: readonly string[]): Promise<void> {
  const { cookies } = await import('next/headers.js')
  const jar = await cookies()
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split('; ')
    const at = pair.indexOf('=')
    const given = new Map(attributes.map((one) => pairOf(one)))
    const [path, domain, maxAge] = [given.get('path'), given.get('domain'), given.get('max-age')]
    jar.set(pair.slice(0, at), pair.slice(at + 1), {
      httpOnly: given.has('httponly'),
      secure: given.has('secure'),
      sameSite: (given.get('samesite') ?? 'lax') as 'lax' | 'strict' | 'none',
      ...(path !== undefined && { path }),
      ...(domain !== undefined && { domain }),
      ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
    })
  }
}

function pairOf(attribute: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = attribute.split('=', 2)
  return [name.toLowerCase(), name.toLowerCase() === 'samesite' ? value.toLowerCase() : value]
}
