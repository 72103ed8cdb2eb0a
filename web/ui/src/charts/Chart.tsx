/** One chart: keeps uPlot in step with its properties, and tells where the pointer is. */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { corners, frameOptions, type Scale } from './frame.ts'
import { onSchemeChange } from './theme.ts'

export interface ChartProps {
  /** What a reader who does not see it is told. */
  label: string
  height: number
  width: number
  scale: Scale
  format: (value: number) => string
  binary: boolean
  paint: (chart: uPlot) => void
  onBrush: (from_ms: number, to_ms: number) => void
  /** The pointer is over this time and value; null: it left. */
  onPoint: (point: Point | null) => void
  onClick: () => void
}

export interface Point {
  at_ms: number
  value: number
}

export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    if (host.current === null) return
    const options = frameOptions({
      width: props.width,
      height: props.height,
      scale: () => latest.current.scale,
      format: (value) => latest.current.format(value),
      binary: props.binary,
      paint: (made) => latest.current.paint(made),
      brushed: (from_ms, to_ms) => latest.current.onBrush(from_ms, to_ms),
    })
    const made = new uPlot(options, corners(latest.current.scale), host.current)
    chart.current = made
    const over = made.over
    const moved = (event: PointerEvent) => {
      const { left, top } = over.getBoundingClientRect()
      const at_ms = made.posToVal(event.clientX - left, 'x')
      latest.current.onPoint({ at_ms, value: made.posToVal(event.clientY - top, 'y') })
    }
    const gone = () => latest.current.onPoint(null)
    const clicked = () => latest.current.onClick()
    over.addEventListener('pointermove', moved)
    over.addEventListener('pointerleave', gone)
    over.addEventListener('click', clicked)
    const forget = onSchemeChange(() => made.redraw(false, true))
    return () => {
      forget()
      made.destroy()
      chart.current = null
    }
  }, [props.height, props.binary])

  useEffect(() => {
    if (props.width > 0) chart.current?.setSize({ width: props.width, height: props.height })
  }, [props.width, props.height])

  const { from_ms, to_ms, lowest, highest } = props.scale
  useEffect(() => {
    chart.current?.setData(corners(latest.current.scale))
  }, [from_ms, to_ms, lowest, highest])

  useEffect(() => {
    chart.current?.redraw(false, false)
  }, [props.paint])

  return <div class="chart" ref={host} role="img" aria-label={props.label} />
}
