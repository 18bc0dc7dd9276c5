/** Ratios, and the target beside each. Above 1: ours is that many times as fast. */
export function compare({ name, title, notes, measured, targets }) {
  const of = (wanted) => measured.find((row) => row.name === wanted)
  const ratios = targets.map(({ ours, theirs, least }) => {
    const ratio = of(theirs).median / of(ours).median
    const processor = of(theirs).processor / of(ours).processor
    return { ours, theirs, ratio, processor, ...(least !== undefined && { target: least, met: ratio >= least }) }
  })
  return { name, title, notes, measured, ratios }
}

/** `texts`: what has a form of its own. */
export function asText({ node, parts, texts }) {
  return [
    `endsession bench, Node ${node}. Microseconds for each operation: median (least to most of the rounds).`,
    ...parts.map(partText),
    ...texts.map(({ title, lines }) => [title, ...lines.map((line) => `  ${line}`)].join('\n')),
  ].join('\n\n')
}

/** A page that people read without running anything. */
export function asMarkdown({ node, quick, parts, texts }) {
  return [
    '# What it costs',
    `Made by \`npm run bench -- --write${quick ? ' --quick' : ''}\` on Node ${node}. Microseconds for each operation: median (least to most of the rounds).
A busy machine changes the figures by half, the ratios less. What each part does stands in [README.md](README.md).`,
    ...parts.map(partMarkdown),
    ...texts.map(({ title, lines }) => [`## ${title}`, '', '```text', ...lines, '```'].join('\n')),
    '',
  ].join('\n\n')
}

function partMarkdown({ title, notes, measured, ratios }) {
  return [
    `## ${title}`,
    '',
    ...notes,
    '',
    '| | µs | least to most | of the processor | each second |',
    '| --- | --- | --- | --- | --- |',
    ...measured.map(
      ({ name, median, least, most, processor }) =>
        `| ${name} | ${figure(median).trim()} | ${figure(least).trim()} to ${figure(most).trim()} | ${figure(processor).trim()} | ${Math.round(1e6 / median).toLocaleString('en')} |`,
    ),
    '',
    ...ratios.map(({ ours, theirs, ratio, target, met }) => {
      const verdict = target === undefined ? '' : ` (target at least ${target}×: ${met ? 'met' : '**missed**'})`
      return `- ${ours} against ${theirs}: ${ratio.toPrecision(3)}×${verdict}`
    }),
  ].join('\n')
}

function partText({ title, notes, measured, ratios }) {
  const width = Math.max(...measured.map(({ name }) => name.length))
  const rows = measured.map(
    ({ name, median, least, most, processor }) =>
      `  ${name.padEnd(width)}  ${figure(median)}  (${figure(least).trim()} to ${figure(most).trim()}); of the processor ${figure(processor).trim()}`,
  )
  const wide = Math.max(...ratios.map(({ ours, theirs }) => `${ours} against ${theirs}`.length))
  const lines = ratios.map(({ ours, theirs, ratio, processor, target, met }) => {
    const verdict = target === undefined ? '' : `  target at least ${target}×  ${met ? 'met' : 'MISSED'}`
    return `  ${`${ours} against ${theirs}`.padEnd(wide)}  ${`${ratio.toPrecision(3)}×`.padStart(8)}  (of the processor ${processor.toPrecision(3)}×)${verdict}`
  })
  return [title, ...notes.map((note) => `  ${note}`), '', ...rows, '', ...lines].join('\n')
}

function figure(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0).padStart(8)
}
