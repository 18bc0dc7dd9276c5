/** ioredis and node-redis seen from one side. Both answer text as text; what else differs is settled here. */

/** What ioredis (`Redis` and `Cluster`) has that is needed. */
export interface IoredisClient {
  // biome-ignore lint/suspicious/noExplicitAny: the clients' own types of arguments differ.
  evalsha(...values: any[]): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  eval(...values: any[]): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  call(...values: any[]): Promise<unknown>
}

/** What node-redis (`createClient` and `createCluster`) has that is needed. */
export interface NodeRedisClient {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  evalSha(...values: any[]): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  eval(...values: any[]): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  sendCommand(...values: any[]): Promise<unknown>
}

/** A connected client of ioredis or node-redis, for one server or a cluster. */
export type RedisClient = IoredisClient | NodeRedisClient

type Send = (...words: readonly string[]) => Promise<unknown>

export interface Connection {
  evalSha(sha: string, keys: readonly string[], values: readonly string[]): Promise<unknown>
  eval(script: string, keys: readonly string[], values: readonly string[]): Promise<unknown>
  /** How to ask each master for something that is not about a key. */
  masters(): Promise<readonly Send[]>
}

export function connectionOf(client: RedisClient): Connection {
  return 'evalSha' in client ? ofNodeRedis(client) : ofIoredis(client)
}

function ofIoredis(client: IoredisClient): Connection {
  const { nodes } = client as { readonly nodes?: (role: 'master') => readonly IoredisClient[] }
  return {
    evalSha: (sha, keys, values) => client.evalsha(sha, keys.length, ...keys, ...values),
    eval: (script, keys, values) => client.eval(script, keys.length, ...keys, ...values),
    async masters() {
      const all = nodes ? nodes.call(client, 'master') : [client]
      return all.map(
        (node): Send =>
          (...words) =>
            node.call(...words),
      )
    },
  }
}

function ofNodeRedis(client: NodeRedisClient): Connection {
  const cluster = client as {
    readonly masters?: readonly unknown[]
    readonly nodeClient?: (node: unknown) => NodeRedisClient | Promise<NodeRedisClient>
  }
  return {
    evalSha: (sha, keys, values) => client.evalSha(sha, { keys, arguments: values }),
    eval: (script, keys, values) => client.eval(script, { keys, arguments: values }),
    async masters() {
      const { nodeClient, masters } = cluster
      const all = masters && nodeClient ? masters.map((node) => nodeClient.call(cluster, node)) : [client]
      return (await Promise.all(all)).map(
        (node): Send =>
          (...words) =>
            node.sendCommand(words),
      )
    },
  }
}

/** Names and values of `CONFIG GET`, which is a list, or a map, as the protocol's version has it. */
export function readPairs(answer: unknown): ReadonlyMap<string, string> {
  const flat = Array.isArray(answer)
    ? answer
    : answer instanceof Map
      ? [...answer].flat()
      : Object.entries(answer ?? {}).flat()
  const pairs = new Map<string, string>()
  for (let index = 0; index + 1 < flat.length; index += 2) pairs.set(String(flat[index]), String(flat[index + 1]))
  return pairs
}
