// One service process behind a guard. Says its port by IPC, and everything that its guard tells.
import { createServer } from 'node:http'
import { createGuard } from 'endsession/guard'

const { clockSeconds = 0, guard: options } = JSON.parse(process.env.ROLE)
const guard = createGuard({
  ...options,
  runtime: { now: () => Date.now() / 1000 + clockSeconds },
  onEvent: (event) => process.send?.({ event }),
})
const server = createServer(async (request, response) => {
  const checked = await guard.check(new Request('http://localhost/', { headers: request.headers }))
  if (checked.ok) return response.end(checked.claims.sub)
  response.writeHead(checked.response.status, Object.fromEntries(checked.response.headers))
  response.end(await checked.response.text())
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
process.send({ url: `http://127.0.0.1:${server.address().port}` })
