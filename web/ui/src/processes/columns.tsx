/** The columns of the process list: what each shows, how it sorts, and how soon it gives way on narrow screens. */
import type { ComponentChildren } from 'preact'
import type { Process } from '../api/answers.ts'
import { Known, Unknown } from '../elements/Known.tsx'
import { Time } from '../elements/Time.tsx'
import { bytes } from '../format/amount.ts'
import { clockWithin, duration, durationNs, preciseClock } from '../format/time.ts'
import type { Sort } from '../view/view.ts'
import { outcome } from './outcome.ts'
import type { Row } from './tree.ts'

export interface Shown {
  row: Row
  /** Ends of the window, for the bar of its life. */
  from_ms: number
  to_ms: number
  now_ms: number
  alive: boolean
  /** The largest CPU of all rows, for the bar behind the number. */
  most_cpu_ns: number
}

export interface Column {
  key: string
  title: string
  says: string
  sort: Sort | null
  cell: (shown: Shown) => ComponentChildren
}

export const COLUMNS: readonly Column[] = [
  {
    key: 'pid',
    title: 'pid',
    says: 'pid on the host; in brackets, in its own container',
    sort: 'pid',
    cell: ({ row: { process: p } }) => (
      <>
        {p.pid}
        {p.container_pid !== null && p.container_pid !== p.pid && <span class="dim"> ({p.container_pid})</span>}
      </>
    ),
  },
  {
    key: 'uid',
    title: 'uid',
    says: 'real user id on the host',
    sort: 'uid',
    cell: ({ row }) => <Known value={row.process.uid} show={String} />,
  },
  {
    key: 'start',
    title: 'start',
    says: 'when it began',
    sort: 'start',
    cell: ({ row, from_ms, to_ms }) => (
      <Time ms={row.process.start_ms} show={(ms) => clockWithin(ms, from_ms, to_ms)} />
    ),
  },
  {
    key: 'life',
    title: 'in this window',
    says: 'when it lived, on the scale of the charts',
    sort: null,
    cell: (shown) => <Life {...shown} />,
  },
  { key: 'duration', title: 'duration', says: 'how long it lived', sort: 'duration', cell: lasted },
  { key: 'cpu', title: 'CPU', says: 'CPU time over its whole life', sort: 'cpu', cell: cpu },
  {
    key: 'rss',
    title: 'peak RSS',
    says: 'highest resident memory since its last exec',
    sort: 'rss',
    cell: amount('peak_rss_bytes'),
  },
  { key: 'read', title: 'read', says: 'fetched from block devices', sort: 'read', cell: amount('block_read_bytes') },
  { key: 'write', title: 'written', says: 'sent to block devices', sort: 'write', cell: amount('block_write_bytes') },
  { key: 'exit', title: 'exit', says: 'exit code, or the signal that ended it', sort: 'exit', cell: exit },
]

function lasted({ row: { process: p }, now_ms, alive }: Shown): ComponentChildren {
  if (p.end_ms !== null) return duration(p.end_ms - p.start_ms)
  return alive ? duration(Math.max(0, now_ms - p.start_ms)) : <Unknown says="its end was not seen" />
}

function cpu({ row, most_cpu_ns }: Shown): ComponentChildren {
  const own = row.process.totals.cpu_ns
  const folded = row.children > 0 && !row.open
  const value = folded ? row.branch_cpu_ns : own
  const part = most_cpu_ns > 0 ? Math.min(1, (value ?? 0) / most_cpu_ns) : 0
  return (
    <>
      {part > 0.005 && <i class="heat" style={{ width: `${part * 100}%` }} aria-hidden="true" />}
      {folded && (
        <span class="dim" title="with all it started">
          Σ{' '}
        </span>
      )}
      <Known value={value} show={durationNs} />
    </>
  )
}

function amount(metric: string): Column['cell'] {
  return ({ row }) => (
    <Known
      value={row.process.totals[metric]}
      show={(value) => (value === 0 ? <span class="dim">0</span> : bytes(value))}
    />
  )
}

function exit({ row, alive }: Shown): ComponentChildren {
  const { tone, text, says } = outcome(row.process, alive)
  return (
    <span class={`exit exit-${tone}`} title={says}>
      {text}
    </span>
  )
}

function Life({ row: { process: p }, from_ms, to_ms, now_ms, alive }: Shown) {
  const length = to_ms - from_ms
  const left = Math.max(0, (p.start_ms - from_ms) / length)
  const right = Math.min(1, ((p.end_ms ?? (alive ? now_ms : to_ms)) - from_ms) / length)
  return (
    <span class={`life life-${outcome(p, alive).tone}`} title={lifeSays(p)} aria-hidden="true">
      <i style={{ left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` }} />
    </span>
  )
}

function lifeSays(p: Process): string {
  return `${preciseClock(p.start_ms)} – ${p.end_ms === null ? '' : preciseClock(p.end_ms)}`
}
