import { type ChildProcess, spawn } from 'node:child_process'

/** Ends a server, and removes its folder, when this process is gone without having done so: then its end of the pipe closes. */
export function watch(pid: number, signal: 'KILL' | 'QUIT' | 'TERM', folder: string): ChildProcess {
  const words = ['-c', 'cat; kill -"$1" "$0" && sleep 1; rm -rf "$2"', String(pid), signal, folder]
  return spawn('sh', words, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
}
