/** Sorting of processes. What is not known stands last in either order. */
import type { Process } from '../api/answers.ts'
import type { Order, Sort } from '../view/view.ts'

type Key = (process: Process, now_ms: number) => number | string | null

const KEYS: Record<Sort, Key> = {
  start: (p) => p.start_ms,
  name: (p) => p.name,
  pid: (p) => p.container_pid ?? p.pid,
  uid: (p) => p.uid,
  duration: (p, now_ms) => (p.end_ms ?? now_ms) - p.start_ms,
  cpu: (p) => p.totals.cpu_ns ?? null,
  rss: (p) => p.totals.peak_rss_bytes ?? null,
  read: (p) => p.totals.block_read_bytes ?? null,
  write: (p) => p.totals.block_write_bytes ?? null,
  exit: (p) => (p.oom_killed ? 1000 : p.signal !== null ? 300 + p.signal : p.exit_code),
}

/** A comparison for `Array.sort`. Equals keep the order of their starts. */
export function comparison(sort: Sort, order: Order, now_ms: number): (a: Process, b: Process) => number {
  const key = KEYS[sort]
  const sign = order === 'asc' ? 1 : -1
  return (a, b) => {
    const one = key(a, now_ms)
    const other = key(b, now_ms)
    if (one === other) return a.start_ms - b.start_ms || a.pid - b.pid
    if (one === null) return 1
    if (other === null) return -1
    return one < other ? -sign : sign
  }
}

/** The server's name for an order, where it is asked to sort because there is more than the page holds. */
export function serverSort(sort: Sort): string {
  if (sort === 'read' || sort === 'write') return 'io'
  return ['start', 'cpu', 'rss', 'name', 'pid'].includes(sort) ? sort : 'start'
}
