import { findFreePort } from '../../servers/src/free-port.ts'

/** Ports that nobody listens on now. */
export function findFreePorts(count: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: count }, findFreePort))
}
