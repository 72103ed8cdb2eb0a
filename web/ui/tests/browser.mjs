/**
 * Chromium with a watchful eye: whatever the page logs as an error, throws, asks in a dialog or is forbidden by its policy fails the test
 * that opened it. So does a token anywhere but in the first request.
 */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const pictures = fileURLToPath(new URL('../../../target/page/', import.meta.url))

/** How long anything that a test waits for may take, unless it says otherwise. */
export const PATIENCE_MS = 60_000

/** A browser for one test; each `open` is a profile of its own. */
export async function startBrowser(test) {
  const browser = await chromium.launch({ executablePath: process.env.BC_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
  test.after(() => browser.close())
  return {
    /** `refusals`: the statuses that the page is expected to be answered, which the browser logs as errors. */
    async open({ width = 1400, height = 900, scheme = 'dark', refusals = [] } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme })
      const page = await context.newPage()
      page.setDefaultTimeout(PATIENCE_MS)
      return watched(page, refusals)
    },
  }
}

async function watched(page, refusals) {
  const complaints = []
  const requests = []
  page.on('console', (message) => {
    const refused = message.text().match(/status of (\d+)/)
    if (message.type() === 'error' && !refusals.includes(Number(refused?.[1])))
      complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`error: ${error.stack}`))
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    dialog.dismiss()
  })
  page.on('request', (request) => requests.push(request))
  await page.exposeFunction('complainOfViolation', (text) => complaints.push(`policy: ${text}`))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.complainOfViolation(
        `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
      )
    })
  })
  return { page, complaints, requests }
}

/** Fails if the page complained of anything since it was opened. */
export function assertQuiet({ complaints }) {
  assert.deepEqual(complaints, [])
}

/** Fails if a token stands in the address, the history or any request but the first and the one that exchanges it. */
export async function assertTokenGone({ page, requests }, token) {
  assert.ok(!page.url().includes(token), `the address still holds the token: ${page.url()}`)
  assert.ok(requests.length > 3, 'the page has asked for something')
  for (const request of requests.slice(1)) {
    assert.ok(!request.url().includes(token), `the token stands in a request for ${request.url()}`)
    const { referer = '' } = await request.allHeaders()
    assert.ok(!referer.includes(token), `the token stands in the referer of a request for ${request.url()}`)
  }
}

/** A picture of the whole page, for people to look at. */
export async function picture(page, name) {
  await mkdir(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}${name}.png`, fullPage: true })
}

/** The row of the process list whose process has this name. */
export function processRow(page, name) {
  return page
    .locator('.grid-body .grid-row')
    .filter({ has: page.locator('.cell-name b', { hasText: name }) })
    .first()
}
