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

export function asText(results, node) {
  return [
    `endsession bench, Node ${node}. Microseconds for each operation: median (least to most of the rounds).`,
    ...results.map(partText),
  ].join('\n\n')
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
