/** A chart of one kind of usage with its legend, and what stands under the pointer. */
import { useMemo, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import type { Loss, Process, Usage } from '../api/answers.ts'
import type { Problem } from '../api/client.ts'
import { clock } from '../format/time.ts'
import { Chart, type Point } from './Chart.tsx'
import { assignColours } from './colours.ts'
import type { Kind } from './kinds.ts'
import { Legend } from './Legend.tsx'
import { LossNote } from './LossNote.tsx'
import { indexAt, type Layer, layerAt, layersOf } from './layers.ts'
import { peaksIn } from './peaks.ts'

export interface UsageChartProps {
  kind: Kind
  usage: Usage | null
  problem: Problem | null
  from_ms: number
  to_ms: number
  width: number
  limit_bytes: number | null
  processes: readonly Process[]
  /** The time under the pointer, whichever chart it is over. */
  cursor_ms: number | null
  highlight: string | null
  selected: string | null
  onCursor: (at_ms: number | null) => void
  onHighlight: (process: string | null) => void
  onSelect: (process: string) => void
  onBrush: (from_ms: number, to_ms: number) => void
}

const NO_LAYERS: Layer[] = []
const NO_LOSSES: Loss[] = []
const NO_PEAKS: ReadonlyMap<string, number> = new Map()

export function UsageChart(props: UsageChartProps) {
  const { kind, usage, limit_bytes, cursor_ms, highlight, from_ms, to_ms } = props
  const [here_ms, setHere] = useState<number | null>(null)
  const layers = useMemo(() => {
    if (usage === null) return NO_LAYERS
    assignColours(usage.series.map((series) => series.process))
    return layersOf(usage)
  }, [usage])
  const peaks = useMemo(
    () => (usage?.metric === 'memory' ? peaksIn(usage, props.processes, from_ms, to_ms) : NO_PEAKS),
    [usage, props.processes, from_ms, to_ms],
  )
  const losses = usage?.losses ?? NO_LOSSES
  // What the pointer is over stands out; otherwise what was selected does.
  const shown = highlight ?? props.selected
  const scale = useMemo(
    () => ({ from_ms, to_ms, ...kind.heights(usage, limit_bytes) }),
    [from_ms, to_ms, usage, limit_bytes],
  )
  const paint = useMemo(
    () => (chart: uPlot) => {
      if (usage !== null) kind.paint(chart, { usage, layers, losses, highlight: shown, limit_bytes })
    },
    [usage, layers, losses, shown, limit_bytes],
  )
  const at = usage === null || cursor_ms === null ? -1 : indexAt(usage, cursor_ms)
  const pointed = (point: Point | null) => {
    setHere(point?.at_ms ?? null)
    props.onCursor(point?.at_ms ?? null)
    const over = point === null || usage === null ? null : layerAt(layers, indexAt(usage, point.at_ms), point.value)
    props.onHighlight(kind.metric === 'block_io' ? null : (over?.process ?? null))
  }
  const empty = usage?.total.mean.every((value) => value === null) === true
  const total = usage === null ? '' : kind.total(usage, at)
  return (
    <section class="usage" aria-label={kind.title}>
      <div class="usage-chart">
        {props.width > 0 && (
          <Chart
            label={`${kind.title} over time, ${total} in all; the legend lists the values`}
            height={kind.height}
            width={props.width}
            scale={scale}
            format={kind.format}
            binary={kind.binary}
            paint={paint}
            onBrush={props.onBrush}
            onPoint={pointed}
            onClick={() => highlight !== null && highlight !== 'others' && props.onSelect(highlight)}
          />
        )}
        {usage === null && props.problem === null && <p class="usage-note loading">loading…</p>}
        {empty && <p class="usage-note">no samples in this window</p>}
        {props.problem !== null && <p class="usage-note">{props.problem.detail}</p>}
        {here_ms !== null && <LossNote losses={losses} at_ms={here_ms} scale={scale} width={props.width} />}
      </div>
      <Legend
        title={kind.title}
        caption={
          cursor_ms !== null && at >= 0
            ? `at ${clock(cursor_ms)}`
            : kind.metric === 'memory'
              ? 'highest'
              : 'in this window'
        }
        total={total}
        rows={usage === null ? [] : kind.rows(usage, layers, at, peaks)}
        highlight={highlight}
        selected={props.selected}
        onHighlight={props.onHighlight}
        onSelect={props.onSelect}
      />
    </section>
  )
}
