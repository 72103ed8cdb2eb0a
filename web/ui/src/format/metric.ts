/** What every metric of a process is called and measured in. A metric this page does not know is shown under its own name. */
import { bytes, count } from './amount.ts'
import { durationNs } from './time.ts'

export interface MetricFacts {
  label: string
  says: string
  estimated?: boolean
  format: (value: number) => string
}

const METRICS: Record<string, MetricFacts> = {
  cpu_ns: { label: 'CPU time', says: 'all threads, exact', format: durationNs },
  user_ns: { label: 'user', says: 'CPU time in the program itself', estimated: true, format: durationNs },
  system_ns: { label: 'system', says: 'CPU time in the kernel', estimated: true, format: durationNs },
  rss_bytes: { label: 'RSS', says: 'resident memory at the last sample', format: bytes },
  peak_rss_bytes: { label: 'peak RSS', says: 'highest resident memory since the last exec', format: bytes },
  max_rss_bytes: { label: 'ru_maxrss', says: 'as the kernel reports it: inherited over fork and exec', format: bytes },
  vm_bytes: { label: 'virtual memory', says: 'size of the address space', format: bytes },
  swap_bytes: { label: 'swap', says: 'memory swapped out', format: bytes },
  threads: { label: 'threads', says: 'living threads at the last sample', format: count },
  minor_faults: { label: 'minor faults', says: 'page faults that needed no disk', format: count },
  major_faults: { label: 'major faults', says: 'page faults that waited for a disk', format: count },
  block_read_bytes: { label: 'block read', says: 'fetched from block devices', format: bytes },
  block_write_bytes: { label: 'block written', says: 'sent to block devices', format: bytes },
  cancelled_write_bytes: { label: 'writes cancelled', says: 'write-back prevented by truncating', format: bytes },
  read_bytes: { label: 'read', says: 'returned by read-like system calls', format: bytes },
  write_bytes: { label: 'written', says: 'accepted by write-like system calls', format: bytes },
  read_calls: { label: 'read calls', says: 'read-like system calls', format: count },
  write_calls: { label: 'write calls', says: 'write-like system calls', format: count },
}

/** The metrics this page knows, in the order it shows them. */
export const KNOWN_METRICS = Object.keys(METRICS)

/** The facts of any metric; for an unknown one they follow from the unit that its name ends with. */
export function metricFacts(name: string): MetricFacts {
  const format = name.endsWith('_bytes') ? bytes : name.endsWith('_ns') ? durationNs : count
  return METRICS[name] ?? { label: name, says: name, format }
}
