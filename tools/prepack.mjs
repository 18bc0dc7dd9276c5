// npm runs this before it packs the package: the papers of the whole project go along.
import { copyFileSync, existsSync } from 'node:fs'

const root = new URL('../', import.meta.url)
for (const paper of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
  const from = new URL(paper, root)
  if (existsSync(from)) copyFileSync(from, new URL(`packages/endsession/${paper}`, root))
}
