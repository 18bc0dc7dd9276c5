/** What a bundler does for Auth.js and Node.js does not: it finds `next/server`. */
export function resolve(specifier, context, next) {
  return next(/^next\/(server|headers|navigation)$/.test(specifier) ? `${specifier}.js` : specifier, context)
}
