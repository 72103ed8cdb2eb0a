/** Behind a proxy, the page has one path of a site to itself, and nothing is asked for beside it: what is there is somebody else's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertQuiet, processRow, startBrowser } from './browser.mjs'
import { startUp } from './program.mjs'

test('all of it is below the prefix', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t, { prefix: '/stats/bubbles' })
  assert.equal(await up.runToEnd('below', 'sh', '-c', 'sleep 2; exit 5'), 5)
  const browser = await startBrowser(t)
  const visit = await browser.open({ width: 1100, height: 800, scheme: 'light' })
  const { page } = visit
  const asked = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))

  await page.goto(up.link)
  await page.getByRole('link', { name: 'below' }).click()
  await processRow(page, 'sh').locator('.exit-failed', { hasText: '5' }).waitFor()
  // By its cookie alone, as on every other day.
  await page.reload()
  await processRow(page, 'sh').locator('.exit-failed', { hasText: '5' }).waitFor()
  await page.goto(new URL('../api/v1/docs', up.page({})).href)
  await page.getByRole('heading', { name: 'API, version 1' }).waitFor()

  const beside = asked.filter((path) => !path.startsWith('/stats/bubbles/'))
  assert.deepEqual(beside, [])
  assert.ok(
    asked.some((path) => path === '/stats/bubbles/api/v1/containers/below/usage'),
    `${asked}`,
  )
  const cookies = await page.context().cookies()
  assert.deepEqual([...new Set(cookies.map((cookie) => cookie.path))], ['/stats/bubbles'])
  assertQuiet(visit)
})
