/** The reference of the API: drawn from the description, under the same policy as everything, for anybody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertQuiet, picture, startBrowser } from './browser.mjs'
import { startUp } from './program.mjs'

test('every route is shown, with a command', { timeout: 600_000 }, async (t) => {
  const up = await startUp(t)
  const browser = await startBrowser(t)
  const visit = await browser.open()
  const { page } = visit
  const described = await (await fetch(new URL('../api/v1/openapi.json', up.page({})))).json()
  const routes = Object.values(described.paths).flatMap((methods) => Object.keys(methods))

  await page.goto(new URL('../api/v1/docs', up.page({})).href)
  await page.getByRole('heading', { name: 'API, version 1' }).waitFor()
  assert.equal(await page.locator('main .reference-try').count(), routes.length)
  assert.equal(await page.locator('nav li').count(), routes.length)
  const shapes = Object.keys(described.components.schemas).length
  assert.equal(await page.locator('article[id^="shape-"]').count(), shapes)
  const command = page.locator('#GET-containers-id-usage .reference-try')
  assert.match(await command.innerText(), /curl -H "Authorization: token \$TOKEN" 'http:.*containers\/ID\/usage'/)
  await picture(page, 'reference')
  await assertQuiet(visit)
})
