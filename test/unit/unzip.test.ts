import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unzip } from '../../servers/src/unzip.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'endsession-unzip-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An archive as the zip format has it, without what nobody reads here. */
function zip(files: Readonly<Record<string, string>>, { stored = false, comment = '' } = {}): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, text] of Object.entries(files)) {
    const packed = stored ? Buffer.from(text) : deflateRawSync(text)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(stored ? 0 : 8, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt16LE(Buffer.byteLength(name), 28)
    entry.writeUInt32LE(at, 42)
    locals.push(local, Buffer.from(name), packed)
    directory.push(entry, Buffer.from(name))
    at += 30 + Buffer.byteLength(name) + packed.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...locals, ...directory, end, Buffer.from(comment)])
}

function unpack(bytes: Buffer): string {
  const archive = join(folder, 'a.zip')
  writeFileSync(archive, bytes)
  const into = join(folder, 'into')
  unzip(archive, bytes.length, into)
  return into
}

describe('a zip archive', () => {
  it.each([{ stored: true }, { stored: false }, { comment: 'made for a test' }])('is unpacked: %j', (how) => {
    const into = unpack(zip({ 'a/': '', 'a/b/c.txt': 'deep', 'd.txt': 'x'.repeat(5000) }, how))
    expect(readdirSync(into).toSorted()).toEqual(['a', 'd.txt'])
    expect([readFileSync(join(into, 'a/b/c.txt'), 'utf8'), readFileSync(join(into, 'd.txt'), 'utf8').length]).toEqual([
      'deep',
      5000,
    ])
  })

  it.each(['../out.txt', 'a/../../out.txt', '/out.txt'])('that names a file outside, %s, is refused', (name) => {
    expect(() => unpack(zip({ [name]: 'x' }))).toThrow(name)
    expect(readdirSync(folder)).toEqual(['a.zip'])
  })

  it('that is none is refused', () => {
    expect(() => unpack(Buffer.from('<html>not found</html>'))).toThrow('is no zip archive')
  })
})
