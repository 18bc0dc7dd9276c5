/** On to another page by GET, whatever the request was. */
export function redirect(to: string, setCookies: readonly string[] = []): Response {
  const headers = new Headers({ location: to, 'cache-control': 'no-store', 'referrer-policy': 'same-origin' })
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response(null, { status: 303, headers })
}

/** For a script: nobody is signed in. A page would be sent to the login. */
export function signedOutAnswer(): Response {
  return Response.json({ error: 'signed_out' }, { status: 401, headers: { 'cache-control': 'no-store' } })
}
