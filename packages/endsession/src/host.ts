/** What an attached login library must be able to do: three functions. `R` is the request of the framework in use. */
export interface Host<R = Request> {
  /** Our handle out of the host's cookie or session. */
  handle(request: R): string | undefined | Promise<string | undefined>
  /** `Set-Cookie` lines that remove every cookie of the host, with the attributes they were set with. */
  expire(request: R): readonly string[]
  /** Where the host's login starts. `interactive`: the person must meet the login screen. */
  login(how: { interactive: boolean; returnTo: string }): string
}

/** In place of a handle: the login was refused, because something has ended that it rests on. Opens nothing. */
export const refusedHandle = 'refused'
