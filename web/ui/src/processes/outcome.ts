/** How a process ended, in one word and one colour. */
import type { Process } from '../api/answers.ts'

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

function signalName(process: Process): string {
  return process.signal_name ?? (process.signal === null ? 'SIGKILL' : `signal ${process.signal}`)
}
