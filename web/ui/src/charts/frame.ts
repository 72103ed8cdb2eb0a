/** The frame of every chart: axes, grid, cursor and brush, made by uPlot. What stands inside it is left to paint.ts. */
import type uPlot from 'uplot'
import { clock, day } from '../format/time.ts'
import { colour } from './theme.ts'

export interface Scale {
  from_ms: number
  to_ms: number
  lowest: number
  highest: number
}

export interface FrameOptions {
  width: number
  height: number
  scale: () => Scale
  format: (value: number) => string
  /** Ticks at multiples of 1,024 rather than of 1,000. */
  binary: boolean
  paint: (chart: uPlot) => void
  brushed: (from_ms: number, to_ms: number) => void
}

const FONT = '11px system-ui, sans-serif'
const DAY_MS = 86_400_000

/** Seconds at least, so that no two labels are alike. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 5, 10, 30, 90, 365].map((days) => days * DAY_MS),
]

/** 1, 2, 4 … 512 of each binary unit up to PiB. */
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power)

/** The data that uPlot is given: only the corners of the scales. */
export function corners(scale: Scale): uPlot.AlignedData {
  return [
    [scale.from_ms, scale.to_ms],
    [scale.lowest, scale.highest],
  ]
}

/** uPlot's options for a chart whose contents are painted by `paint`. */
export function frameOptions(options: FrameOptions): uPlot.Options {
  const axis = { stroke: () => colour('--dim'), font: FONT, ticks: { show: false } }
  const grid = { stroke: () => colour('--grid'), width: 1 }
  return {
    width: options.width,
    height: options.height,
    ms: 1,
    legend: { show: false },
    padding: [6, 8, 0, 0],
    scales: {
      x: { time: true, range: () => [options.scale().from_ms, options.scale().to_ms] },
      y: { range: () => [options.scale().lowest, options.scale().highest] },
    },
    axes: [
      { ...axis, grid: { ...grid, show: false }, size: 22, gap: 4, space: 72, incrs: TIME_STEPS, values: timeLabels },
      {
        ...axis,
        grid,
        size: 62,
        gap: 6,
        space: 30,
        values: (_, splits) => splits.map((value) => options.format(Math.abs(value))),
        ...(options.binary ? { incrs: BINARY_STEPS } : {}),
      },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 5 },
      // Only the line is shared: a brush over one chart is told once.
      sync: {
        key: 'window',
        setSeries: false,
        scales: ['x', null],
        filters: { pub: sharesPosition, sub: sharesPosition },
      },
    },
    hooks: {
      draw: [options.paint],
      setSelect: [
        (chart) => {
          if (chart.select.width < 1) return
          const from_ms = chart.posToVal(chart.select.left, 'x')
          const to_ms = chart.posToVal(chart.select.left + chart.select.width, 'x')
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          options.brushed(Math.round(from_ms), Math.max(Math.round(to_ms), Math.round(from_ms) + 1))
        },
      ],
    },
  }
}

function sharesPosition(type: string): boolean {
  return type === 'mousemove' || type === 'mouseleave'
}

/** Clock times, with the date where a new day begins or the steps are days. */
function timeLabels(chart: uPlot, splits: number[], _axis: number, _space: number, step_ms: number): string[] {
  let before = ''
  return splits.map((at_ms, index) => {
    const today = day(at_ms)
    const turned = index > 0 && today !== before
    before = today
    // Its middle would stand under the other axis.
    if (chart.valToPos(at_ms, 'x') < 24) return ''
    if (step_ms >= DAY_MS || turned) return today.slice(5)
    return step_ms >= 60_000 ? clock(at_ms).slice(0, 5) : clock(at_ms)
  })
}
