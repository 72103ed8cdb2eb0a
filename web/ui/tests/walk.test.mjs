/** The way most visits go: the list, a container, a process; and a link that shows what its sender saw. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertQuiet, assertTokenGone, picture, processRow, startBrowser } from './browser.mjs'
import { startUp } from './program.mjs'

/** Burns a CPU for a while, starts something short that fails and something short that does not. */
const LOAD = 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; /bin/true; /bin/false; exec sleep 600'

test('from the list to a container to a process', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit

  await page.goto(up.link)
  await page.getByText('No container or job has been seen').waitFor()
  await page.getByText('sudo bubble-chamber run -- sleep 60').waitFor()
  await picture(page, 'empty')

  up.run('walk-burner', 'sh', '-c', LOAD)
  const link = page.getByRole('link', { name: 'walk-burner' })
  await link.waitFor()
  assert.equal(await page.locator('.list tbody tr').count(), 1)
  await picture(page, 'list')

  await link.click()
  await page.getByRole('heading', { name: 'walk-burner' }).waitFor()
  await page.locator('.state-live').waitFor()
  await page.locator('.connection.live').waitFor()
  await processRow(page, 'false').locator('.exit-failed', { hasText: '1' }).waitFor()
  await processRow(page, 'true').locator('.exit-good', { hasText: '0' }).waitFor()
  await processRow(page, 'sleep').locator('.exit-running').waitFor()
  await page.locator('.fact-failed', { hasText: 'exit code 1' }).waitFor()
  await page.locator('section[aria-label="CPU"] .legend-row', { hasText: 'sleep' }).waitFor()
  assert.equal(await page.locator('.usage canvas').count(), 3)
  await picture(page, 'container')

  await processRow(page, 'false').click()
  const panel = page.getByRole('complementary', { name: 'process' })
  await panel.getByText('exit code 1', { exact: true }).waitFor()
  await panel.getByText('What it executed').waitFor()
  await panel.locator('.totals', { hasText: 'CPU time' }).waitFor()
  await panel.locator('.mark-estimated').first().waitFor()
  await picture(page, 'process')
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })

  // What burned is what sleeps now; at least one core gave it time.
  await processRow(page, 'sleep').click()
  const cores = panel.locator('section[aria-label="its CPU by core"] .cores li')
  const busy = cores.filter({ has: page.locator('.core-time', { hasText: /\d ?m?s/ }) }).first()
  await busy.waitFor()
  assert.match(await busy.getAttribute('title'), /^core \d+: .* of CPU time in this window, at most .* % of this core$/)
  // Painted: some dots of a core's row are not transparent.
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.cores canvas')].filter((canvas) => canvas.width && canvas.height)
    const dots = rows.map((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
    return dots.some((row) => row.some((value, at) => at % 4 === 3 && value > 0))
  })
  await picture(page, 'cores')
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })

  await page.locator('.fact-failed').click()
  await processRow(page, 'true').waitFor({ state: 'detached' })
  await processRow(page, 'false').waitFor()

  const shown = page.url()
  await page.getByRole('link', { name: 'all containers' }).click()
  const entry = page.locator('.list tbody tr', { has: link })
  await entry.locator('.list-failed .exit-failed', { hasText: /^1$/ }).waitFor()
  await entry.locator('.list-most', { hasText: /\d/ }).waitFor()
  await page.goBack()
  await processRow(page, 'false').waitFor()
  assert.equal(page.url(), shown)

  const sent = page.url()
  await assertTokenGone(visit, new URL(up.link).searchParams.get('token'))
  assertQuiet(visit)
  const received = await page.context().newPage()
  await received.goto(sent)
  await processRow(received, 'false').waitFor()
  assert.equal(await received.locator('.choice button[aria-pressed="true"]', { hasText: 'failed' }).count(), 1)
})

test('a past one, on a narrow screen', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  assert.equal(await up.runToEnd('walk-past', 'sh', '-c', 'sleep 3; kill -9 $$'), 137)
  const browser = await startBrowser(t)
  const visit = await browser.open({ width: 360, height: 740, scheme: 'light' })
  const { page } = visit
  await page.goto(up.page({ container: 'walk-past', token: await up.token('--container', 'walk-past', '--for', '1h') }))
  await page.locator('.state-past').waitFor()
  await page.locator('.connection', { hasText: 'ended' }).waitFor()
  // Rows are drawn near the screen only.
  await page.locator('#processes').scrollIntoViewIfNeeded()
  const end = processRow(page, 'sh').locator('.cell-exit', { hasText: 'SIGKILL' })
  await end.waitFor()
  assert.ok(await end.evaluate((cell) => cell.scrollWidth <= cell.clientWidth), 'how it ended is not cut')
  await picture(page, 'narrow')
  await page.waitForFunction(() => document.documentElement.scrollWidth === 360)
  assert.equal(await page.getByRole('link', { name: 'all containers' }).count(), 0)

  await page.goto(up.link)
  await page.locator('.list .list-failed', { hasText: '1' }).waitFor()
  const list = page.locator('.table-scroll')
  assert.ok(await list.evaluate((area) => area.scrollWidth <= area.clientWidth), 'what failed is not out of sight')
  await picture(page, 'narrow-list')
  assertQuiet(visit)
})

test('two lives, of which one is chosen', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  assert.equal(await up.runToEnd('walk-lives', 'sh', '-c', 'sleep 1; sleep 1; exit 3'), 3)
  assert.equal(await up.runAgain('walk-lives', 'sh', '-c', 'sleep 2; exit 4'), 4)
  const browser = await startBrowser(t)
  const visit = await browser.open({ width: 1100, height: 800, scheme: 'light' })
  const { page } = visit
  await page.goto(
    up.page({ container: 'walk-lives', token: await up.token('--container', 'walk-lives', '--for', '1h') }),
  )
  const head = page.locator('.head')
  const ended = (code) => processRow(page, 'sh').locator('.exit-failed', { hasText: code }).waitFor()
  await head.locator('dt', { hasText: 'cgroup' }).waitFor()
  await ended('4')
  // Of this life alone: the shell and what it ran.
  const processes = (number) => page.locator('.fact', { hasText: 'processes' }).getByText(number, { exact: true })
  await processes('2').waitFor()
  await page.getByLabel('which life of it').selectOption({ index: 1 })
  await ended('3')
  await processes('3').waitFor()
  // Where the latest life ran, the one before did not.
  assert.equal(await head.locator('dt', { hasText: 'cgroup' }).count(), 0)
  assert.ok((await head.textContent()).includes('exit 3'))
  assertQuiet(visit)
})

test('by keyboard alone', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  assert.equal(await up.runToEnd('walk-keys', 'sh', '-c', '/bin/true; /bin/false; exit 0'), 0)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.page({ container: 'walk-keys', token: await up.token('--container', 'walk-keys') }))
  await processRow(page, 'false').waitFor()
  const rows = page.locator('.grid-body .grid-row')
  const before = await rows.count()
  assert.ok(before >= 3, `${before} rows`)
  await page.getByRole('treegrid').focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowLeft')
  await page.locator('.grid-row[aria-expanded="false"]').waitFor()
  await page.waitForFunction((all) => document.querySelectorAll('.grid-body .grid-row').length < all, before)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.getByRole('complementary', { name: 'process' }).waitFor()
  await page.keyboard.press('Escape')
  // The list has the keyboard again once it is drawn without the panel.
  await page.locator('[role="treegrid"]:focus').waitFor()
  assertQuiet(visit)
})

test('a drag over a chart narrows everything, and Back widens it again', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  assert.equal(await up.runToEnd('walk-brush', 'sh', '-c', '/bin/true; sleep 6; /bin/false; sleep 2; exit 0'), 0)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.page({ container: 'walk-brush', token: await up.token('--container', 'walk-brush') }))
  await processRow(page, 'true').waitFor()
  // Hovering waits until the chart has come to rest.
  const area = page.locator('section[aria-label="CPU"] .u-over')
  await area.hover()
  const { width } = await area.boundingBox()
  const at = (part) => ({ position: { x: width * part, y: 60 } })
  await area.hover(at(0.5))
  await page.mouse.down()
  await area.hover(at(0.9))
  await area.hover(at(0.99))
  await page.mouse.up()
  await processRow(page, 'true').waitFor({ state: 'detached' })
  await processRow(page, 'false').waitFor()
  const query = new URL(page.url()).searchParams
  assert.ok(Number(query.get('to')) - Number(query.get('from')) > 1000, page.url())
  await picture(page, 'brush')
  await page.goBack()
  await processRow(page, 'true').waitFor()
  assertQuiet(visit)
})
