/** The three charts of a container: one window, one pointer, one highlight. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Process, Usage } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { useAnswer } from '../live/answer.ts'
import type { View } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { KINDS, type Kind } from './kinds.ts'
import { UsageChart } from './UsageChart.tsx'

interface ChartsProps {
  view: View
  window: Window
  beat: number
  limit_bytes: number | null
  processes: readonly Process[]
  onSelect: (process: string) => void
  onBrush: (from_ms: number, to_ms: number) => void
  /** Told what the charts were answered, for the facts above them. */
  onUsage: (usage: Usage) => void
}

export function Charts(props: ChartsProps) {
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [cursor_ms, setCursor] = useState<number | null>(null)
  const [highlight, setHighlight] = useState<string | null>(null)
  useLayoutEffect(() => {
    const area = host.current
    if (area === null) return
    const measure = () => {
      const chart = area.querySelector('.usage-chart')
      setWidth(Math.floor(chart?.getBoundingClientRect().width ?? 0))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(area)
    return () => observer.disconnect()
  }, [])
  return (
    <div class="charts" ref={host}>
      {KINDS.map((kind) => (
        <OneChart
          key={kind.metric}
          {...props}
          kind={kind}
          width={width}
          cursor_ms={cursor_ms}
          highlight={highlight}
          onCursor={setCursor}
          onHighlight={setHighlight}
        />
      ))}
    </div>
  )
}

interface OneChartProps extends ChartsProps {
  kind: Kind
  width: number
  cursor_ms: number | null
  highlight: string | null
  onCursor: (at_ms: number | null) => void
  onHighlight: (process: string | null) => void
}

/** Points are asked for in hundreds, so that a window that is resized does not ask at every pixel. */
const POINTS_STEP = 100

function OneChart({ view, window, beat, kind, width, onUsage, ...rest }: OneChartProps) {
  const points = Math.max(200, Math.round(width / POINTS_STEP) * POINTS_STEP)
  const url =
    width === 0
      ? null
      : address(containerRoute(view.container, '/usage'), {
          metric: kind.metric,
          resolution: view.resolution,
          from: Math.floor(window.from_ms),
          to: Math.ceil(window.to_ms),
          top: kind.top,
          points,
        })
  const answer = useAnswer<Usage>(url, view.container, window.follows ? beat : 0)
  useEffect(() => {
    if (answer.data !== null) onUsage(answer.data)
  }, [answer.data])
  return (
    <UsageChart
      {...rest}
      kind={kind}
      width={width}
      usage={answer.data}
      problem={answer.problem}
      from_ms={window.from_ms}
      to_ms={window.to_ms}
      selected={view.process}
    />
  )
}
