/**
 * Contenders take turns, so that a machine that slows down slows all of them. Each turn runs until its time is over and
 * gives microseconds for each operation, of the clock and of the processor: the second say what it costs, also on a
 * machine that is busy with other things, and leave out waiting. `batch` operations are in flight at once.
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
  let [operations, spent, worked] = [0, 0, 0]
  do {
    // What an operation needs, such as a token of its own, is made outside of its time.
    const given = await prepare?.()
    const started = performance.now()
    const before = process.cpuUsage()
    if (given) operations += await operate(given)
    else
      for (let count = 0; count < 200; count += batch) {
        if (batch === 1) await operate()
        else await Promise.all(Array.from({ length: batch }, operate))
        operations += batch
      }
    spent += performance.now() - started
    const { user, system } = process.cpuUsage(before)
    worked += user + system
  } while (spent < milliseconds)
  return { wall: (spent * 1000) / operations, processor: worked / operations }
}

function summary(turns) {
  const [walls, processors] = ['wall', 'processor'].map((figure) =>
    turns.map((turn) => turn[figure]).toSorted((a, b) => a - b),
  )
  const middle = Math.floor(turns.length / 2)
  return {
    median: walls[middle],
    least: walls[0],
    most: walls.at(-1),
    processor: processors[middle],
    rounds: turns.length,
  }
}
