/** What a monitored process calls itself stays text: no markup, no script, no text that moves or hides other text. */
import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertQuiet, picture, processRow, startBrowser } from './browser.mjs'
import { startUp } from './program.mjs'

const ID = '"><img src=x onerror=alert(1)>'
const FILE = '<img src=x onerror=alert(1)>'
const ARGUMENTS = [
  '<script>alert(2)</script>',
  '"><svg onload=alert(3)>',
  `'"\`it's`,
  'javascript:alert(4)',
  'invoice\u202egnp.exe',
  '\u001b[2J\u001b[31mred\u0007',
  'line\nbreak\ttab',
]

test('hostile names and arguments stay text', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  const executable = join(up.folder, FILE)
  await copyFile('/bin/sh', executable)
  up.run(ID, executable, '-c', 'sleep 600; exit 0', ...ARGUMENTS)

  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  await page.goto(up.link)
  const link = page.getByRole('link', { name: ID })
  await link.waitFor()
  await assertPlain(page)
  await picture(page, 'hostile-list')
  await link.click()
  await page.getByRole('heading', { name: ID }).waitFor()

  // The kernel keeps 15 characters of a name.
  const row = processRow(page, FILE.slice(0, 15))
  await row.waitFor()
  await row.click()
  const panel = page.getByRole('complementary', { name: 'process' })
  const shown = panel.locator('.panel-facts .arguments').first()
  for (const text of [
    '<script>alert(2)</script>',
    '<svg onload=alert(3)>',
    'javascript:alert(4)',
    'invoice⟨RLO⟩gnp.exe',
    '⟨ESC⟩[2J⟨ESC⟩[31mred⟨BEL⟩',
    'line⟨LF⟩break⟨TAB⟩tab',
  ]) {
    await shown.filter({ hasText: text }).waitFor()
  }
  await panel.getByText('What it executed').waitFor()
  await assertPlain(page)
  await picture(page, 'hostile-process')

  await page.getByRole('searchbox').fill('<script>alert(2)')
  await page.waitForURL((url) => url.searchParams.get('q') === '<script>alert(2)')
  await row.waitFor()
  await page.reload()
  await row.waitFor()
  await assertPlain(page)
  assertQuiet(visit)
})

/** No element that only markup from data could have made, and no character that works on its neighbours. */
async function assertPlain(page) {
  assert.equal(await page.locator('#page img, #page script, #page iframe, #page [onerror], #page [onload]').count(), 0)
  assert.equal(await page.locator('#page svg').count(), await page.locator('#page svg.mark').count())
  const text = await page.evaluate(
    () =>
      document.body.textContent +
      document.title +
      [...document.querySelectorAll('[title]')].map((e) => e.title).join(''),
  )
  assert.doesNotMatch(text.replaceAll(/[\n\t]/g, ''), /\p{Cc}|\p{Bidi_Control}/u)
}
