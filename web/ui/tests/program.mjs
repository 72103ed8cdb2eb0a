/**
 * The program under test: a `bubble-chamber up` with a data directory of its own, commands under `run`, tokens. What a browser does with
 * it is left to browser.mjs. Needs root, and BC_BIN, the path of the executable.
 */
import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as passes } from 'node:timers/promises'
import { promisify } from 'node:util'
import { makeDisk } from './disk.mjs'

const STARTS_WITHIN_MS = 60_000
const PATIENCE_MS = 60_000
const STOPS_WITHIN_MS = 60_000

const binary = process.env.BC_BIN
if (!binary) throw new Error('BC_BIN is not set: it names the bubble-chamber executable that these tests start')

/** Starts an `up`. Give it the test's context: it stops, and its data goes, when the test ends. `smallDisk`: its data has 20 MiB. */
export async function startUp(test, { smallDisk = false, prefix = '' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bc-page-'))
  const up = new Up(folder, await freePort(), prefix)
  test.after(async () => {
    for (const command of up.commands) await end(command)
    await up.stop()
    await up.disk?.remove()
    await rm(folder, { recursive: true, force: true })
  })
  if (smallDisk) up.disk = await makeDisk(folder)
  await up.start()
  return up
}

class Up {
  commands = []

  constructor(folder, port, prefix) {
    /** A folder for the test's own files. */
    this.folder = folder
    this.port = port
    /** The path that a proxy would serve it under. */
    this.prefix = prefix
    /** What its data is kept on, where that is a disk of its own. */
    this.disk = null
  }

  get data() {
    return join(this.disk?.path ?? this.folder, 'data')
  }

  /** Starts it, again if it was stopped: on the same address, with the same data. */
  async start() {
    // What else the machine runs is not what these tests are about.
    const args = ['up', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--exclude', '*']
    if (this.prefix !== '') args.push('--prefix', this.prefix)
    this.process = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    /** The administrator's link, with its token. */
    this.link = await linkOf(this.process)
  }

  async stop() {
    if (this.process === undefined) return
    const code = await end(this.process)
    if (code !== 0) throw new Error(`up ended with ${code} after SIGTERM`)
  }

  /** The page's address with these parameters and nothing else. */
  page(parameters) {
    const url = new URL(this.link)
    url.search = new URLSearchParams(parameters).toString()
    return url.href
  }

  /** Starts a command under `run`, in a process group of its own. */
  run(id, ...command) {
    return this.spawnRun(['--id', id], command)
  }

  spawnRun(options, command) {
    const child = spawn(binary, ['run', '--data', this.data, ...options, '--', ...command], {
      stdio: 'ignore',
      detached: true,
    })
    this.commands.push(child)
    return child
  }

  /** Runs a command to its end, and gives its exit code. */
  async runToEnd(id, ...command) {
    const [code] = await once(this.run(id, ...command), 'exit')
    return code
  }

  /** The same, as another life of the id. */
  async runAgain(id, ...command) {
    const [code] = await once(this.spawnRun(['--id', id, '--again'], command), 'exit')
    return code
  }

  /** A gate: `read go < PATH` in a shell waits before it until it is opened, and reads what it is opened with. */
  async gate() {
    const path = join(this.folder, 'gate')
    await promisify(execFile)('mkfifo', [path])
    const goes = async (word = 'go') => {
      const opened = await open(path, 'w')
      await opened.write(`${word}\n`)
      await opened.close()
    }
    return { path, open: goes }
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
export async function until(holds, patience_ms = PATIENCE_MS) {
  const gives_up_ms = performance.now() + patience_ms
  while (!(await holds())) {
    if (performance.now() > gives_up_ms) throw new Error(`still not so after ${patience_ms} ms: ${holds}`)
    await passes(100)
  }
}

async function linkOf(process) {
  const said = []
  process.stderr.on('data', (chunk) => said.push(chunk))
  const wrong = (what) => new Error(`${what} before up printed its link:\n${Buffer.concat(said)}`)
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), STARTS_WITHIN_MS)
  try {
    for await (const line of createInterface({ input: process.stdout, signal: late.signal })) {
      const link = line.match(/http:\/\/\S+/)
      if (link !== null) return link[0]
    }
    throw wrong(late.signal.aborted ? `${STARTS_WITHIN_MS} ms passed` : 'its output ended')
  } finally {
    clearTimeout(timer)
  }
}

/** Ends a process in order, and gives its exit code. */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS)
  const [code] = await ended
  clearTimeout(late)
  return code
}

/** A port that nobody listens on, below those that connections of this machine are given: it stays free while nobody listens there. */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const listening = new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.once('listening', () => resolve(true))
    })
    server.listen(port, '127.0.0.1')
    if (!(await listening)) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
