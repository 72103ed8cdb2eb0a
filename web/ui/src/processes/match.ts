/** Which processes a search, a filter and a window let through. */
import type { Process } from '../api/answers.ts'
import type { Show } from '../view/view.ts'
import { failed } from './outcome.ts'

/** A test for every word of the search, in name, executable, arguments or pid, letter case aside. */
export function matcher(search: string, show: Show): (process: Process) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return (process) => {
    if (show === 'failed' && !failed(process)) return false
    if (show === 'running' && process.end_ms !== null) return false
    if (words.length === 0) return true
    const pids = `${process.pid} ${process.container_pid ?? ''}`
    const text = `${process.name}\n${process.exe ?? ''}\n${process.args?.join(' ') ?? ''}\n${pids}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
}

/** Those that lived at some time in the window. */
export function livedIn(processes: readonly Process[], from_ms: number, to_ms: number): Process[] {
  return processes.filter((p) => p.start_ms <= to_ms && (p.end_ms === null || p.end_ms >= from_ms))
}

/** Only the processes of a name and what descends from them; everything where no name is given. */
export function descendants(processes: readonly Process[], root: string | null): readonly Process[] {
  if (root === null) return processes
  const kept = new Set<string>()
  // A parent starts before its children, so one pass in order of start is enough.
  const by_start = [...processes].sort((a, b) => a.start_ms - b.start_ms || a.pid - b.pid)
  for (const p of by_start) {
    if (p.name === root || (p.parent !== null && kept.has(p.parent))) kept.add(p.id)
  }
  return processes.filter((p) => kept.has(p.id))
}
