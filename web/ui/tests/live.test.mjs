/** The page follows by itself: what starts shows up, what ends is seen to have ended, and a hidden page asks for nothing. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertQuiet, picture, processRow, startBrowser } from './browser.mjs'
import { metric, startUp, until } from './program.mjs'

/** How soon what starts is to be seen, and how often it is tried: the machine may have something else to do for a moment. */
const SOON_MS = 3000
const ROUNDS = 5

test('a process with an unpredictable name appears without a reload', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  const gate = await up.gate()
  // Starts one under each name that comes through the gate.
  const start = `while read name < ${gate.path}; do ${up.folder}/$name 60 & done`
  up.run('live-one', 'sh', '-c', start)

  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.link)
  await page.getByRole('link', { name: 'live-one' }).click()
  await processRow(page, 'sh').locator('.exit-running').waitFor()
  await page.locator('.connection.live').waitFor()
  await page.evaluate(() => {
    window.loadedOnce = true
  })

  const took_ms = []
  let name
  do {
    name = `p${randomBytes(5).toString('hex')}`
    await copyFile('/bin/sleep', join(up.folder, name))
    const began = performance.now()
    await gate.open(name)
    await processRow(page, name).waitFor()
    took_ms.push(performance.now() - began)
  } while (Math.min(...took_ms) > SOON_MS && took_ms.length < ROUNDS)
  assert.ok(Math.min(...took_ms) <= SOON_MS, `it took ${took_ms} ms`)
  assert.equal(await page.evaluate(() => window.loadedOnce), true)
  await page.locator('section[aria-label="Memory"] .legend-row', { hasText: name }).waitFor()
  await picture(page, 'live')
  assertQuiet(visit)
})

test('what ends is seen to end', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  const gate = await up.gate()
  up.run('live-end', 'sh', '-c', `read go < ${gate.path}; exit 9`)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.page({ container: 'live-end', token: await up.token('--admin') }))
  await processRow(page, 'sh').locator('.exit-running').waitFor()
  await gate.open()
  await processRow(page, 'sh').locator('.exit-failed', { hasText: '9' }).waitFor()
  await page.locator('.state-past').waitFor()
  await page.locator('.connection', { hasText: 'ended' }).waitFor()
  assertQuiet(visit)
})

test('a server that goes away is told, and found again', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  assert.equal(await up.runToEnd('live-away', '/bin/true'), 0)
  const browser = await startBrowser(t)
  const { page } = await browser.open()
  await page.goto(up.page({ container: 'live-away', token: await up.token('--admin') }))
  await processRow(page, 'true').waitFor()
  await page.locator('.connection', { hasText: 'ended' }).waitFor()
  await up.stop()
  await page.locator('.connection.bad', { hasText: 'reconnecting' }).waitFor()
  await processRow(page, 'true').waitFor()
  await up.start()
  await page.locator('.connection', { hasText: 'ended' }).waitFor()
  await processRow(page, 'true').waitFor()
})

test('a page that nobody sees keeps no stream', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  up.run('live-hidden', 'sleep', '600')
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  const streams = () => metric(up, 'bubble_chamber_http_streams')
  await page.goto(up.page({ container: 'live-hidden', token: await up.token('--admin') }))
  await processRow(page, 'sleep').waitFor()
  await until(async () => (await streams()) === 1)
  await setHidden(page, true)
  await page.locator('.connection', { hasText: 'paused' }).waitFor()
  await until(async () => (await streams()) === 0)
  await setHidden(page, false)
  await page.locator('.connection.live').waitFor()
  await until(async () => (await streams()) === 1)
  assertQuiet(visit)
})

/** What the browser tells a page whose tab goes to the back; a headless one has no tabs to put there. */
async function setHidden(page, hidden) {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
}
