/**
 * Where a person goes back to: a path of ours, or a URL on an allowed origin; nothing for anything else.
 * The answer is absolute, so that no browser reads it in its own way.
 */
export function safeReturnTo(
  value: string | undefined,
  origin: string,
  trusted: readonly string[],
): string | undefined {
  if (value === undefined || value.length > 2048 || hasControls(value)) return undefined
  const url = URL.canParse(value, origin) ? new URL(value, origin) : undefined
  // `blob:` URLs have the origin of the page that made them.
  if (!url || url.username || url.password || !/^https?:$/.test(url.protocol)) return undefined
  return url.origin === origin || trusted.includes(url.origin) ? url.href : undefined
}

/** Browsers drop tabs and line breaks out of URLs before they read them. */
function hasControls(value: string): boolean {
  return [...value].some((character) => character < ' ' || character === '\u007f')
}
