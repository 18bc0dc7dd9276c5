/** What an attached login library must be able to do: three functions. `R` is the request of the framework in use. */
export interface Host<R = Request> {
  /** Our handle out of the host's cookie or session, which nobody but the host may be able to write. */
  handle(request: R): string | undefined | Promise<string | undefined>
  /**
   * `Set-Cookie` lines that remove every cookie of the host, with the attributes they were set with. Asked for at a logout,
   * and on the way to the login when the handle opens nothing: the host is to begin anew.
   */
  expire(request: R): readonly string[]
  /**
   * Where the host's login starts; none of our own routes. `interactive`: the person must meet the login screen
   * (`prompt=login&max_age=0`). `returnTo`: where to go afterwards, absolute and checked.
   */
  login(how: { interactive: boolean; returnTo: string }): string
  /**
   * The host's own redirect URI for this provider, absolute. With it the probe can be done: the provider's answer comes
   * there, and the host hands it to `handle`, as a request for `callback`, before it looks at it itself.
   */
  callback?(provider: string): string
}

/** Hosts read cookies and JSON, and may come across anything there. */
export async function readHandle(host: Host, request: Request): Promise<string | undefined> {
  const handle: unknown = await host.handle(request)
  return typeof handle === 'string' && handle !== '' ? handle : undefined
}

/** In place of a handle: the login was refused, because something has ended that it rests on. Opens nothing. */
export const refusedHandle = 'refused'
