/**
 * Contenders take turns, so that a machine that slows down slows all of them. Each turn runs until its time is over and
 * gives one figure: microseconds for each operation. `batch` operations are in flight at once.
 */
export async function measure(contenders, { rounds, roundMilliseconds, mostMilliseconds, say }) {
  for (const contender of contenders) await turn(contender, roundMilliseconds)
  const figures = new Map(contenders.map(({ name }) => [name, []]))
  const end = performance.now() + mostMilliseconds
  for (let round = 1; round <= rounds; round++) {
    if (performance.now() > end) {
      say(`  stopped after ${round - 1} of ${rounds} rounds: out of time`)
      break
    }
    say(`  round ${round} of ${rounds}`)
    for (const contender of contenders) figures.get(contender.name).push(await turn(contender, roundMilliseconds))
  }
  return [...figures].map(([name, values]) => ({ name, ...summary(values) }))
}

async function turn({ operate, batch = 1, prepare }, milliseconds) {
  let [operations, spent] = [0, 0]
  do {
    // What an operation needs, such as a token of its own, is made outside of its time.
    const given = await prepare?.()
    const started = performance.now()
    if (given) operations += await operate(given)
    else
      for (let count = 0; count < 200; count += batch) {
        if (batch === 1) await operate()
        else await Promise.all(Array.from({ length: batch }, operate))
        operations += batch
      }
    spent += performance.now() - started
  } while (spent < milliseconds)
  return (spent * 1000) / operations
}

function summary(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: sorted[Math.floor(sorted.length / 2)], least: sorted[0], most: sorted.at(-1), rounds: sorted.length }
}
