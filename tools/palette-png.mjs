// A picture of a page, with 256 colours: less than half the size, and nobody sees the difference on flat colours and text.
import { deflateSync } from 'node:zlib'

const colours = 256

/** `pixels`: four bytes each, row by row; the fourth is left out, since a page lets nothing through. */
export function encodePalettePng(pixels, width, height) {
  const counts = new Map()
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = (pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const { palette, placeOf } = choosePalette(counts)

  // Each row begins with its filter: none.
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4
      rows[y * (width + 1) + 1 + x] = placeOf.get((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2])
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** One colour after the other: the one that many pixels have and that is far from all that were chosen before. */
function choosePalette(counts) {
  const found = [...counts].map(([colour, count]) => ({ colour, count, far: Number.POSITIVE_INFINITY, place: 0 }))
  const palette = []
  while (palette.length < Math.min(colours, found.length)) {
    const next = found.reduce((best, one) => (one.count * one.far > best.count * best.far ? one : best))
    const place = palette.push(next.colour) - 1
    for (const one of found) {
      const far = distance(one.colour, next.colour)
      if (far < one.far) Object.assign(one, { far, place })
    }
  }
  return { palette, placeOf: new Map(found.map(({ colour, place }) => [colour, place])) }
}

const channels = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]

function distance(a, b) {
  const [one, other] = [channels(a), channels(b)]
  return one.reduce((sum, value, at) => sum + (value - other[at]) ** 2, 0)
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(checksum(body))
  return Buffer.concat([length, body, check])
}

/** CRC-32 as PNG wants it; node:zlib has one only from Node 22.2. */
function checksum(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
