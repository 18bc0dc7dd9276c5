/** Runs a script: by its name if the server knows it, else with its text. What goes wrong becomes ERR_STORE. */
import { EndSessionError } from '../../errors.ts'
import { createBound, sha1 } from '../../runtime.ts'
import type { Connection } from './client.ts'
import { type ScriptName, scripts } from './lua-calls.ts'

/** The longest that an answer may take: also while the client waits for its connection. */
const deadlineSeconds = 4

export type Run = (script: ScriptName, keys: readonly string[], ...values: readonly string[]) => Promise<unknown>

/** `base` is the partition's own part of every key, with the hash tag. */
export function createRun(connection: Connection, base: string): Run {
  const bound = createBound(deadlineSeconds)
  const shas = Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, sha1(script)]))

  async function evaluate(
    name: ScriptName,
    keys: readonly string[],
    values: readonly string[],
    isOver: () => boolean,
  ): Promise<unknown> {
    try {
      return await connection.evalSha(shas[name] as string, keys, values)
    } catch (error) {
      // After a restart, a failover, SCRIPT FLUSH: it has run nothing.
      if (!/^NOSCRIPT/.test(messageOf(error)) || isOver()) throw error
      return connection.eval(scripts[name], keys, values)
    }
  }

  return async (name, keys, ...values) => {
    let over = false
    try {
      return await bound(
        evaluate(
          name,
          ['meta', ...keys].map((key) => base + key),
          values,
          () => over,
        ),
      )
    } catch (error) {
      throw storeError(error)
    } finally {
      over = true
    }
  }
}

const complaints: Readonly<Record<string, (what: string) => string>> = {
  spoilt: (what) => `Redis holds a row that is not whole: ${what}.`,
  version: () => 'The sessions in Redis were written by another release of endsession: nothing was changed.',
  foreign: () => 'The keys in Redis belong to something else: give endsession a prefix of its own.',
  replica: () => 'This Redis server is a replica: sessions are read and written on the master only.',
  unseen: () => 'Redis does not tell who is the master: let this user ask for INFO, in scripts, too.',
  alone: () => 'This Redis server has lost its replicas: another one may be the master by now.',
  absent: () => 'The sessions are gone from Redis.',
}

/** Our error as it is; anything else becomes the cause of ours, without what was sent. */
export function storeError(cause: unknown): EndSessionError {
  if (cause instanceof EndSessionError) return cause
  dropArguments(cause)
  const [, kind = '', what = ''] = /ENDSESSION (\w+) (\S+);/.exec(messageOf(cause)) ?? []
  return new EndSessionError('ERR_STORE', complaints[kind]?.(what) ?? 'The Redis server failed.', { cause })
}

/** ioredis hangs the command on its error, and whoever logs the error would log names, sealed tokens, a password. */
function dropArguments(error: unknown): void {
  if (!(error instanceof Error)) return
  Reflect.deleteProperty(error, 'command')
  // Of a cluster's client: why it reaches no node.
  dropArguments((error as { readonly lastNodeError?: unknown }).lastNodeError)
}

/** The partition has never been, or everything in Redis has been deleted. */
export function isAbsent(error: unknown): boolean {
  return error instanceof EndSessionError && /ENDSESSION absent/.test(messageOf(error.cause))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
