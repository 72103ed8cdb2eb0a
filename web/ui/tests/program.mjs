/**
 * The program under test: a `bubble-chamber up` with a data directory of its own, commands under `run`, tokens. What a browser does with
 * it is left to browser.mjs. Needs root, and BC_BIN, the path of the executable.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as passes } from 'node:timers/promises'
import { promisify } from 'node:util'

const STARTS_WITHIN_MS = 60_000
const STOPS_WITHIN_MS = 20_000

const binary = process.env.BC_BIN
if (!binary) throw new Error('BC_BIN is not set: it names the bubble-chamber executable that these tests start')

/** A running `up`. Give it the test's context: it stops, and its data goes, when the test ends. */
export async function startUp(test) {
  const folder = await mkdtemp(join(tmpdir(), 'bc-page-'))
  const data = join(folder, 'data')
  const up = spawn(binary, ['up', '--data', data, '--listen', `127.0.0.1:${await freePort()}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = []
  up.stderr.on('data', (chunk) => said.push(chunk))
  const commands = []
  test.after(async () => {
    for (const command of commands) await endGroup(command)
    await end(up)
    await rm(folder, { recursive: true, force: true })
  })
  const link = await linkOf(up, said)
  return new Up(folder, data, link, commands)
}

class Up {
  constructor(folder, data, link, commands) {
    /** A folder for the test's own files. */
    this.folder = folder
    this.data = data
    /** The administrator's link, with its token. */
    this.link = link
    this.commands = commands
  }

  /** The page's address with these parameters and nothing else. */
  page(parameters) {
    const url = new URL(this.link)
    url.search = new URLSearchParams(parameters).toString()
    return url.href
  }

  /** Starts a command under `run`, in a process group of its own. */
  run(id, ...command) {
    const child = spawn(binary, ['run', '--data', this.data, '--id', id, '--', ...command], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    const said = []
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.says = () => Buffer.concat(said).toString()
    this.commands.push(child)
    return child
  }

  /** Runs a command to its end, and gives its exit code. */
  async runToEnd(id, ...command) {
    const child = this.run(id, ...command)
    const [code] = await once(child, 'exit')
    return code
  }

  /** What `bubble-chamber token` prints. */
  async token(...args) {
    const { stdout } = await promisify(execFile)(binary, ['token', '--data', this.data, ...args])
    return stdout.trim()
  }
}

/** The status of an answer of the API, asked for with a token. */
export async function statusOf(up, token, route) {
  const url = new URL(`../api/v1/${route}`, up.page({}))
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.arrayBuffer()
  return response.status
}

/** A number of the server's own metrics. */
export async function metric(up, name) {
  const response = await fetch(new URL('../metrics', up.page({})))
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

/** Waits for something that only the server knows, and tells to nobody who does not ask. */
export async function until(holds) {
  const gives_up_ms = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > gives_up_ms) throw new Error(`still not so after 20 s: ${holds}`)
    await passes(100)
  }
}

async function linkOf(up, said) {
  const lines = createInterface({ input: up.stdout })
  const ended = once(up, 'exit').then(([code]) => {
    throw new Error(`up ended with ${code} before it printed its link:\n${Buffer.concat(said)}`)
  })
  const printed = (async () => {
    for await (const line of lines) {
      const link = line.match(/http:\/\/\S+/)
      if (link !== null) return link[0]
    }
    throw new Error(`up closed its output before it printed its link:\n${Buffer.concat(said)}`)
  })()
  const late = new Promise((_, reject) => {
    setTimeout(
      () => reject(new Error(`no link within ${STARTS_WITHIN_MS} ms:\n${Buffer.concat(said)}`)),
      STARTS_WITHIN_MS,
    ).unref()
  })
  ended.catch(() => undefined)
  return Promise.race([printed, ended, late])
}

async function endGroup(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS)
  const [code] = await ended
  clearTimeout(late)
  if (code !== 0) throw new Error(`up ended with ${code} after SIGTERM`)
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
