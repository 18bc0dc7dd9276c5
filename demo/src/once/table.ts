import { styleText } from 'node:util'
import { layers, type Observed, type Result } from './result.ts'

const titles = [
  ['layer', 'usual', 'endsession', '', 'evidence'],
  ['', 'found', 'claimed', 'found', 'what was claimed; what was found'],
] as const
/** Wide enough for the longest word of each; the last column takes what is left. */
const widths = [10, 9, 12, 10] as const
const gap = '  '
const evidenceAtLeast = 24

/** A row per layer: what is left after the usual logout, what endsession claimed and what is left after it, and why. */
export function drawTable({ usual, endsession }: Result, columns: number = process.stdout.columns ?? 120): string {
  const used = widths.reduce((sum, width) => sum + width + gap.length, 0)
  const rest = Math.max(columns - used, evidenceAtLeast)
  const line = (cells: readonly string[]) => cells.join(gap).trimEnd()
  const head = titles.map((row) => line(row.map((title, at) => title.padEnd(widths[at] ?? 0))))
  const rule = line([...widths, rest].map((width) => '─'.repeat(width)))

  const rows = layers.flatMap((layer) => {
    const { outcome, observed, evidence } = endsession[layer]
    const [first = '', ...more] = wrap(evidence, rest)
    return [
      line([
        layer.padEnd(widths[0]),
        paint(usual[layer].observed, widths[1]),
        outcome.padEnd(widths[2]),
        paint(observed, widths[3]),
        first,
      ]),
      ...more.map((text) => `${' '.repeat(used)}${text}`),
    ]
  })
  return [...head, rule, ...rows].join('\n')
}

const colours = { alive: 'red', over: 'green', 'not seen': 'yellow' } as const satisfies Record<Observed, string>

function paint(observed: Observed, width: number): string {
  const text = observed.padEnd(width)
  return process.stdout.isTTY ? styleText(colours[observed], text) : text
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
