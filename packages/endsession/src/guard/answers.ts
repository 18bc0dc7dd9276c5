/** RFC 6750, section 3: what a client has to know, in fixed words. */
export function unauthorized(error?: 'invalid_token', description?: string): Response {
  const challenge = error ? `Bearer error="${error}", error_description="${description}"` : 'Bearer'
  return answer(401, error ?? 'missing_token', { 'www-authenticate': challenge })
}

/** Not 401: a client would throw its login away, and nobody has said that it is over. */
export function unavailable(
  error: 'feed_lost' | 'mode_disagreed' | 'keys_unreachable',
  retryAfterSeconds: number,
): Response {
  return answer(503, error, { 'retry-after': String(Math.ceil(retryAfterSeconds)) })
}

function answer(status: number, error: string, headers: Record<string, string>): Response {
  return Response.json({ error }, { status, headers: { ...headers, 'cache-control': 'no-store' } })
}
