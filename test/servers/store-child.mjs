// Stores of another process: makes them, calls them, answers by IPC. The first argument is the folder of the compiled library.
import { pathToFileURL } from 'node:url'

const [folder] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(`${folder}/${path}`).href)

const makers = {
  async redis({ port, options }) {
    const [{ redisStore }, { Redis }] = [await load('stores/redis.js'), await import('ioredis')]
    return redisStore(new Redis({ host: '127.0.0.1', port }), options)
  },
}

const stores = new Map()
const feeds = new Map()

async function gather(entries) {
  const all = []
  for await (const entry of entries) all.push(entry)
  return all
}

const tasks = {
  async make({ handle, recipe }) {
    stores.set(handle, await makers[recipe.store](recipe))
  },
  call: ({ handle, method, values }) => stores.get(handle)[method](...values),
  async snapshot({ handle }) {
    const { position, entries } = await stores.get(handle).snapshot()
    return { position, entries: await gather(entries) }
  },
  async feed({ handle, id, after }) {
    const stop = new AbortController()
    feeds.set(id, stop)
    for await (const entry of stores.get(handle).feed(after, stop.signal)) process.send({ id, entry })
    feeds.delete(id)
  },
  async stop({ feed }) {
    feeds.get(feed)?.abort()
  },
}

process.on('message', async ({ id, task, ...facts }) => {
  try {
    process.send({ id, value: await tasks[task]({ id, ...facts }) })
  } catch ({ name, message, code, status }) {
    process.send({ id, error: { name, message, code, status } })
  }
})
process.send({ ready: true })
