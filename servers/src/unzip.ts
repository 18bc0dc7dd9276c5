import { mkdirSync, openSync, readSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/** Unpacks a zip archive of under 4 GiB, file by file. What it names outside of `into` is refused. */
export function unzip(archive: string, size: number, into: string): void {
  const file = openSync(archive, 'r')
  const read = (at: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, at)
    return bytes
  }
  // The end record is 22 bytes and a comment of at most 64 KiB.
  const tail = read(Math.max(0, size - 65_557), Math.min(size, 65_557))
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0) throw new Error(`${archive} is no zip archive`)
  const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))

  for (let at = 0; at < directory.length; ) {
    const method = directory.readUInt16LE(at + 10)
    const packedSize = directory.readUInt32LE(at + 20)
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field))
    const local = directory.readUInt32LE(at + 42)
    const name = directory.toString('utf8', at + 46, at + 46 + (nameSize as number))
    at += 46 + (nameSize as number) + (extraSize as number) + (commentSize as number)
    const path = normalize(name)
    if (path.startsWith('..') || path.startsWith(sep)) throw new Error(`${archive} names ${name}`)
    if (name.endsWith('/')) continue
    const header = read(local, 30)
    const packed = read(local + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), packedSize)
    mkdirSync(dirname(join(into, path)), { recursive: true })
    writeFileSync(join(into, path), method === 0 ? packed : inflateRawSync(packed))
  }
}
