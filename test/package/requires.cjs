// Requires every entry that it is given, as CommonJS does; the names must be those that an import gives.
const { readFileSync } = require('node:fs')

const imported = JSON.parse(readFileSync('imports.json', 'utf8'))
for (const entry of process.argv.slice(2)) {
  const names = Object.keys(require(entry))
    .filter((name) => name !== '__esModule')
    .sort()
  if (names.join() !== imported[entry].join())
    throw new Error(`${entry}: required ${names}, imported ${imported[entry]}`)
}
