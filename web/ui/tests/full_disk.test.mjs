/** A disk that is full: the page says so above everything else, goes on showing what is stored, and says no more when there is room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertQuiet, picture, processRow, startBrowser } from './browser.mjs'
import { metric, startUp, until } from './program.mjs'

/** The page looks every ten seconds whether all is well, and a server that finds its disk full tries again before it says so. */
const SHOWS_WITHIN_MS = 90_000

test('a full disk is told of while it is full', { timeout: 300_000 }, async (t) => {
  const up = await startUp(t, { smallDisk: true })
  const gate = await up.gate()
  up.run('full-disk', 'sh', '-c', `read go < ${gate.path}; /bin/false; exec sleep 600`)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.page({ container: 'full-disk', token: await up.token('--admin') }))
  await processRow(page, 'sh').locator('.exit-running').waitFor()
  await page.locator('.connection.live').waitFor()
  const banner = page.getByRole('alert').filter({ hasText: 'nothing can be stored' })
  assert.equal(await banner.count(), 0)

  // What the store gives up to help itself is taken away too, until it has nothing left.
  await until(async () => {
    await up.disk.fill()
    return (await banner.count()) === 1
  }, SHOWS_WITHIN_MS)
  const said = await banner.textContent()
  for (const part of ['Recording, at a risk.', 'bubble-chamber.db', 'free some space', 'in memory']) {
    assert.ok(said.includes(part), `${part}: ${said}`)
  }
  await picture(page, 'full-disk')
  // What was stored is shown as before, and what happens meanwhile is recorded.
  await processRow(page, 'sh').waitFor()
  await gate.open()
  await until(async () => {
    await up.disk.fill()
    return (await metric(up, 'bubble_chamber_waiting_samples')) > 0
  }, SHOWS_WITHIN_MS)

  await up.disk.free()
  await banner.waitFor({ state: 'detached', timeout: SHOWS_WITHIN_MS })
  await processRow(page, 'false').locator('.exit-failed', { hasText: '1' }).waitFor({ timeout: SHOWS_WITHIN_MS })
  assertQuiet(visit)
})
