/** In place of `next/headers`: the request that a server component, action or handler is in. */
export const next = { headers: new Headers(), cookies: new Map<string, string>() }

export const headers = async (): Promise<Headers> => next.headers

export const cookies = async () => ({
  set(name: string, value: string, options: { maxAge?: number }) {
    if (options.maxAge === 0) next.cookies.delete(name)
    else next.cookies.set(name, value)
  },
})
