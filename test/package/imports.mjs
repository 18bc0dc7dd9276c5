// Imports every entry that it is given, as an ES module does.
import { writeFileSync } from 'node:fs'

const names = {}
for (const entry of process.argv.slice(2)) {
  names[entry] = Object.keys(await import(entry)).sort()
  if (names[entry].length === 0) throw new Error(`${entry} exports nothing`)
}
// requires.cjs compares.
writeFileSync('imports.json', JSON.stringify(names))
