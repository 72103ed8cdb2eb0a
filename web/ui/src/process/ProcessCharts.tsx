/** A process's own CPU (in all, and core by core) and memory, over the part of the window in which it lived. */
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type uPlot from 'uplot'
import type { Process, Usage } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { Chart } from '../charts/Chart.tsx'
import { assignColours } from '../charts/colours.ts'
import { KINDS, type Kind } from '../charts/kinds.ts'
import { layersOf } from '../charts/layers.ts'
import { useAnswer } from '../live/answer.ts'
import { go, hrefWith } from '../view/place.ts'
import type { View } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { CoreRows } from './CoreRows.tsx'

interface ProcessChartsProps {
  process: Process
  view: View
  window: Window
  beat: number
}

const HEIGHT_PX = 104

/** A life shorter than this has at most one sample: nothing to draw. */
const DRAWABLE_MS = 2000

export function ProcessCharts(props: ProcessChartsProps) {
  const { process, window } = props
  const from_ms = Math.floor(Math.max(window.from_ms, process.start_ms))
  const to_ms = Math.ceil(Math.min(window.to_ms, process.end_ms ?? window.to_ms))
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => setWidth(host.current?.clientWidth ?? 0), [])
  const drawable = to_ms - from_ms >= DRAWABLE_MS
  return (
    <div class="panel-charts" ref={host}>
      {!drawable && <p class="dim">It lived too briefly in this window for a curve; its totals are exact.</p>}
      {drawable &&
        width > 0 &&
        KINDS.slice(0, 2).map((kind) => (
          <Own key={kind.metric} {...props} kind={kind} from_ms={from_ms} to_ms={to_ms} width={width} />
        ))}
      {drawable && (
        <CoreRows
          container={props.view.container}
          process={process.id}
          resolution={props.view.resolution}
          from_ms={from_ms}
          to_ms={to_ms}
          beat={props.beat}
        />
      )}
    </div>
  )
}

interface OwnProps extends ProcessChartsProps {
  kind: Kind
  from_ms: number
  to_ms: number
  width: number
}

function Own({ process, view, beat, kind, from_ms, to_ms, width }: OwnProps) {
  const url = address(containerRoute(view.container, '/usage'), {
    metric: kind.metric,
    resolution: view.resolution,
    from: from_ms,
    to: to_ms,
    process: process.id,
    points: 300,
  })
  const { data: usage } = useAnswer<Usage>(url, `${process.id} ${kind.metric}`, beat)
  const layers = useMemo(() => {
    assignColours([process.id])
    return usage === null ? [] : layersOf(usage)
  }, [usage])
  const scale = useMemo(() => ({ from_ms, to_ms, ...kind.heights(usage, null) }), [from_ms, to_ms, usage])
  const paint = useMemo(
    () => (chart: uPlot) => {
      if (usage !== null) kind.paint(chart, { usage, layers, losses: usage.losses, highlight: null, limit_bytes: null })
    },
    [usage, layers],
  )
  return (
    <section aria-label={`its ${kind.title}`}>
      <h3>{kind.title}</h3>
      <Chart
        label={`its ${kind.title} over time`}
        height={HEIGHT_PX}
        width={width}
        scale={scale}
        format={kind.format}
        binary={kind.binary}
        paint={paint}
        onBrush={(from, to) => go(hrefWith({ from: String(from), to: String(to), range: null }))}
        onPoint={() => undefined}
        onClick={() => undefined}
      />
    </section>
  )
}
