/** How a process ended, in one word and one colour. */
import type { Process } from '../api/answers.ts'
import { count } from '../format/amount.ts'

export interface Outcome {
  tone: 'running' | 'good' | 'failed' | 'unknown'
  text: string
  says: string
}

/** Ended otherwise than with exit code 0. */
export function failed(process: Process): boolean {
  return process.oom_killed || process.signal !== null || (process.exit_code !== null && process.exit_code !== 0)
}

/** `alive`: its container lives, so that an end that was not recorded has not come yet. */
export function outcome(process: Process, alive: boolean): Outcome {
  if (process.oom_killed) {
    return { tone: 'failed', text: 'OOM', says: `killed by the kernel: out of memory (${signalName(process)})` }
  }
  if (process.signal !== null) {
    const core = process.core_dumped ? ', core dumped' : ''
    return { tone: 'failed', text: signalName(process), says: `ended by signal ${process.signal}${core}` }
  }
  if (process.exit_code !== null) {
    const tone = process.exit_code === 0 ? 'good' : 'failed'
    return { tone, text: String(process.exit_code), says: `exit code ${process.exit_code}` }
  }
  if (process.end_ms === null && alive) return { tone: 'running', text: 'running', says: 'has not ended' }
  const says = process.end_unseen ? 'its end was not seen: how it ended is not known' : 'how it ended is not known'
  return { tone: 'unknown', text: '–', says }
}

/** So many ways are told one by one. */
const WAYS = 3

/** In which ways these failed, the gravest first: memory, signals, exit codes; each with how often, where that was not once. */
export function ways(failures: readonly Process[]): string[] {
  const graveness = (p: Process) => (p.oom_killed ? 0 : p.signal !== null ? 1 : 2)
  const times = new Map<string, number>()
  for (const p of [...failures].sort((a, b) => graveness(a) - graveness(b))) {
    const { text } = outcome(p, false)
    const way = graveness(p) === 2 ? `exit code ${text}` : text
    times.set(way, (times.get(way) ?? 0) + 1)
  }
  const told = [...times].map(([way, often]) => (often === 1 ? way : `${way} ×${count(often)}`))
  return told.length > WAYS ? [...told.slice(0, WAYS), '…'] : told
}

function signalName(process: Process): string {
  return process.signal_name ?? (process.signal === null ? 'SIGKILL' : `signal ${process.signal}`)
}
