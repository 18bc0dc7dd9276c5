// Makes the pictures of the control room that the README opens with, from the real page of the real demo: its two moments,
// after the usual logout and at the end, each in the light and in the dark. `npm run pictures` after a change of the page.
// Words after it go to the demo, such as `--port-base 6000` where the usual ports are taken.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { encodePalettePng } from './palette-png.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'docs/pictures')
const say = (text) => process.stderr.write(`pictures: ${text}\n`)

/** Each moment: the keys that lead to it, and what the headline must say by then. */
const moments = [
  { name: 'before', keys: ['1', '2', '3'], headline: /open/ },
  { name: 'after', keys: ['4', '5'], headline: /^0 doors open/ },
]
const bytesAtMost = 300_000
const waitMs = 60_000

const demo = await startDemo(process.argv.slice(2))
try {
  mkdirSync(folder, { recursive: true })
  await takePictures(demo.url)
} finally {
  demo.stop()
}

async function startDemo(words) {
  const child = spawn(process.execPath, ['demo/dist/main.js', ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  for await (const chunk of child.stdout) {
    told += chunk
    const [, url] = /Control room\s+(http:\S+)/.exec(told) ?? []
    if (url) return { url, stop: () => child.kill('SIGTERM') }
  }
  throw new Error('the demo did not start')
}

async function takePictures(url) {
  const browser = await chromium.launch({ executablePath: findChromium(), chromiumSandbox: process.getuid?.() !== 0 })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 })
    // A page without a policy, where a picture can be taken apart.
    const desk = await browser.newPage()
    await page.goto(url)
    await page.bringToFront()
    for (const { name, keys, headline } of moments) {
      for (const key of keys) await press(page, key)
      await page.locator('#headline').filter({ hasText: headline }).waitFor({ timeout: waitMs })
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        const path = join(folder, `control-room-${name}-${colorScheme}.png`)
        const picture = await makeSmall(desk, await page.screenshot())
        if (picture.length > bytesAtMost)
          throw new Error(`${path} has ${picture.length} bytes, more than ${bytesAtMost}`)
        writeFileSync(path, picture)
        say(`${path.slice(root.length)}, ${Math.round(picture.length / 1000)} kB`)
      }
    }
  } finally {
    await browser.close()
  }
}

/** The browser knows how to read a picture: its pixels come back as one long text. */
async function makeSmall(desk, screenshot) {
  const { width, height, pixels } = await desk.evaluate(async (base64) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob())
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    const parts = []
    for (let at = 0; at < data.length; at += 8192) parts.push(String.fromCharCode(...data.subarray(at, at + 8192)))
    return { width: image.width, height: image.height, pixels: btoa(parts.join('')) }
  }, screenshot.toString('base64'))
  return encodePalettePng(Buffer.from(pixels, 'base64'), width, height)
}

/** A step is over when it is ticked and nothing is being done; then the auditor looks once more at every door. */
async function press(page, key) {
  await page.keyboard.press(key)
  await page.locator(`.step.done [name=button][value="${key}"]`).waitFor({ timeout: waitMs })
  await page.locator('#busy:empty').waitFor({ state: 'attached', timeout: waitMs })
  await page.waitForTimeout(2500)
}

/** As the tests find it: named, or where systems put it; else the one that playwright has. */
function findChromium() {
  const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome']
  return places.find((path) => path && existsSync(path))
}
