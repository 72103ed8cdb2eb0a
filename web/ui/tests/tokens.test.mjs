/** Who may see what: each wrong token is refused, with the reason on the page, and the right one is seen once and never again. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { assertQuiet, assertTokenGone, picture, processRow, startBrowser } from './browser.mjs'
import { startUp, statusOf, until } from './program.mjs'

test('tokens', { timeout: 900_000 }, async (t) => {
  const up = await startUp(t)
  up.run('tokens-mine', 'sleep', '1200')
  up.run('tokens-other', 'sleep', '1200')
  const mine = await up.token('--container', 'tokens-mine', '--for', '1h')
  const admin = await up.token('--admin', '--for', '1h')
  for (const id of ['tokens-mine', 'tokens-other'])
    await until(async () => (await statusOf(up, admin, `containers/${id}`)) === 200)
  const browser = await startBrowser(t)

  await t.test('the right one opens, leaves the address, and is remembered', async () => {
    const visit = await browser.open()
    const { page } = visit
    await page.goto(up.page({ container: 'tokens-mine', token: mine }))
    await processRow(page, 'sleep').waitFor()
    await assertTokenGone(visit, mine)
    assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read the session')
    await page.reload()
    await processRow(page, 'sleep').waitFor()
    await assertTokenGone({ page, requests: visit.requests.slice(1) }, mine)
    assertQuiet(visit)
  })

  await t.test('a second container in a second tab logs nobody out', async () => {
    const visit = await browser.open()
    const { page } = visit
    await page.goto(up.page({ container: 'tokens-mine', token: mine }))
    await processRow(page, 'sleep').waitFor()
    const second = await page.context().newPage()
    const other = await up.token('--container', 'tokens-other')
    await second.goto(up.page({ container: 'tokens-other', token: other }))
    await processRow(second, 'sleep').waitFor()
    await page.reload()
    await processRow(page, 'sleep').waitFor()
    assertQuiet(visit)
  })

  const refused = async (parameters, kind, words) => {
    const visit = await browser.open({ refusals: [401, 403] })
    const { page } = visit
    await page.goto(up.page(parameters))
    await page.locator(`[data-refusal="${kind}"]`).waitFor()
    await page.getByRole('heading', { name: words }).waitFor()
    assert.equal(await page.locator('.grid, .list, .usage').count(), 0, 'nothing of the container shows')
    assert.ok(!new URL(page.url()).searchParams.has('token'), page.url())
    await picture(page, `refused-${kind}`)
    assertQuiet(visit)
    return page
  }

  await t.test('one signed with another secret', async () => {
    const [head, claims] = mine.split('.')
    const signature = createHmac('sha256', 'not the secret of this server')
      .update(`${head}.${claims}`)
      .digest('base64url')
    const forged = `${head}.${claims}.${signature}`
    assert.equal(await statusOf(up, forged, 'containers/tokens-mine'), 401)
    await refused({ container: 'tokens-mine', token: forged }, 'wrong', 'This token is not valid')
  })

  await t.test('one that is no token at all', async () => {
    await refused(
      { container: 'tokens-mine', token: '<img src=x onerror=alert(1)>' },
      'wrong',
      'This token is not valid',
    )
  })

  await t.test('one that has expired', async () => {
    const short = await up.token('--container', 'tokens-mine', '--for', '1s')
    await until(async () => (await statusOf(up, short, 'containers/tokens-mine')) === 401)
    await refused({ container: 'tokens-mine', token: short }, 'expired', 'This link has expired')
  })

  await t.test('one that expires while it is looked at', async () => {
    // On a busy machine a token may be over before the page is drawn: then one that is good for longer is looked at.
    const opened = async (good_for_s) => {
      const visit = await browser.open({ refusals: [401] })
      const short = await up.token('--container', 'tokens-mine', '--for', `${good_for_s}s`)
      await visit.page.goto(up.page({ container: 'tokens-mine', token: short }))
      const refusal = visit.page.locator('[data-refusal="expired"]')
      await processRow(visit.page, 'sleep').or(refusal).first().waitFor()
      return (await refusal.count()) === 0 ? visit : await opened(good_for_s * 4)
    }
    const visit = await opened(4)
    const { page } = visit
    await page.locator('.connection.bad', { hasText: 'link expired' }).waitFor()
    await processRow(page, 'sleep').waitFor()
    assertQuiet(visit)
  })

  await t.test('one of another container', async () => {
    const page = await refused(
      { container: 'tokens-other', token: mine },
      'other',
      'This token is for another container',
    )
    await page.getByRole('link', { name: 'tokens-mine' }).click()
    await processRow(page, 'sleep').waitFor()
  })

  await t.test('none', async () => {
    await refused({ container: 'tokens-mine' }, 'token_missing', 'This needs a token')
  })

  await t.test('no container', async () => {
    const page = await refused({ token: mine }, 'container_missing', 'Which container?')
    await page.getByText('The address lacks container=…').waitFor()
    await refused({}, 'container_missing', 'Which container?')
  })

  await t.test('a container that never was, for an administrator', async () => {
    const visit = await browser.open({ refusals: [404] })
    await visit.page.goto(up.page({ container: 'never-seen', token: admin }))
    await visit.page.locator('[data-refusal="unknown"]').waitFor()
    assertQuiet(visit)
  })
})
