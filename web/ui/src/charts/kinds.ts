/** What is different between the three charts of a container: their scale, their colours, what stands in their legend. */
import type uPlot from 'uplot'
import type { Loss, Usage, UsageMetric } from '../api/answers.ts'
import { bytes, bytesPerSecond, cpuShare } from '../format/amount.ts'
import { durationNs } from '../format/time.ts'
import { colourClass, colourVariable } from './colours.ts'
import { cpuHeights, type Heights, ioHeights, memoryHeights } from './heights.ts'
import type { LegendRow } from './Legend.tsx'
import { type Layer, largest } from './layers.ts'
import { paintArea, paintLayers, paintLimit, paintLine, paintLosses } from './paint.ts'
import { mostHeld } from './peaks.ts'

export interface Drawn {
  usage: Usage
  layers: readonly Layer[]
  losses: readonly Loss[]
  highlight: string | null
  limit_bytes: number | null
}

export interface Kind {
  metric: UsageMetric
  title: string
  height: number
  /** How many processes are shown by themselves. */
  top: number
  binary: boolean
  format: (value: number) => string
  heights: (usage: Usage | null, limit_bytes: number | null) => Heights
  paint: (chart: uPlot, drawn: Drawn) => void
  /** The total at a step; over the window where there is none (-1). */
  total: (usage: Usage, at: number) => string
  /** What stands in the legend, likewise. `peaks`: the most memory that processes held, where the window has their whole life. */
  rows: (usage: Usage, layers: readonly Layer[], at: number, peaks: ReadonlyMap<string, number>) => LegendRow[]
}

const NONE = '–'

const CPU: Kind = {
  metric: 'cpu',
  title: 'CPU',
  height: 186,
  top: 8,
  binary: false,
  format: cpuShare,
  heights: cpuHeights,
  paint: (chart, drawn) => {
    paintLayers(chart, drawn.usage, drawn.layers, drawn.highlight)
    // Where steps join several samples, what they reached is a line above what they took.
    paintLine(chart, drawn.usage, drawn.usage.total.max, '--peak')
    paintLosses(chart, drawn.losses, drawn.usage.step_ms)
  },
  total: (usage, at) =>
    at < 0 ? durationNs(usage.series.reduce((sum, one) => sum + one.sum, 0)) : share(usage.total.mean[at]),
  rows: (usage, layers, at) =>
    layers.map((layer) =>
      row(
        layer,
        at < 0 ? durationNs(layer.sum) : share(layer.values[at]),
        at < 0 ? 'CPU time in this window' : `of one CPU, mean over ${usage.step_ms / 1000} s`,
      ),
    ),
}

const MEMORY: Kind = {
  metric: 'memory',
  title: 'Memory',
  height: 132,
  top: 5,
  binary: true,
  format: bytes,
  heights: memoryHeights,
  paint: (chart, drawn) => {
    paintLayers(chart, drawn.usage, drawn.layers, drawn.highlight)
    paintLine(chart, drawn.usage, drawn.usage.total.max, '--peak')
    if (drawn.limit_bytes !== null) paintLimit(chart, drawn.limit_bytes, `limit ${bytes(drawn.limit_bytes)}`)
    paintLosses(chart, drawn.losses, drawn.usage.step_ms)
  },
  total: (usage, at) => (at < 0 ? amount(largest(usage.total.max)) : amount(usage.total.mean[at])),
  rows: (_, layers, at, peaks) =>
    layers.map((layer) => {
      if (at >= 0) return row(layer, amount(layer.values[at]), 'RSS')
      const most = mostHeld(layer, peaks)
      return row(layer, amount(most.bytes), most.says)
    }),
}

const BLOCK_IO: Kind = {
  metric: 'block_io',
  title: 'Block I/O',
  height: 132,
  top: 3,
  binary: true,
  format: bytesPerSecond,
  heights: ioHeights,
  paint: (chart, drawn) => {
    const { usage, layers, highlight } = drawn
    paintArea(chart, usage, usage.total.read ?? [], '--read')
    paintArea(chart, usage, usage.total.write ?? [], '--write', true)
    const lit = layers.find((layer) => layer.process === highlight)
    if (lit !== undefined) paintLine(chart, usage, lit.values, colourVariable(lit.process))
    paintLosses(chart, drawn.losses, usage.step_ms)
  },
  total: (usage, at) =>
    at < 0 ? bytes(usage.series.reduce((sum, one) => sum + one.sum, 0)) : rate(usage.total.mean[at]),
  rows: (usage, layers, at) => [
    direction('read ↑', 'c-read', usage, usage.total.read, at),
    direction('write ↓', 'c-write', usage, usage.total.write, at),
    // A process has no band of its own here: its curve shows while it is highlighted.
    ...layers
      .map((layer) => row(layer, at < 0 ? bytes(layer.sum) : rate(layer.values[at]), 'read and written together'))
      .map((entry) => ({ ...entry, swatch: `${entry.swatch} ring` })),
  ],
}

export const KINDS: readonly Kind[] = [CPU, MEMORY, BLOCK_IO]

function row(layer: Layer, value: string, says: string): LegendRow {
  const swatch = colourClass(layer.process) ?? ''
  return { process: layer.process, name: layer.name, pid: layer.pid, swatch, value, says }
}

function direction(name: string, swatch: string, usage: Usage, values: Usage['total']['read'], at: number): LegendRow {
  const sum = (values ?? []).reduce<number>((all, value, step) => {
    return all + ((value ?? 0) * (usage.covered_ms[step] ?? 0)) / 1000
  }, 0)
  return { process: swatch, name, pid: null, swatch, value: at < 0 ? bytes(sum) : rate(values?.[at]), says: name }
}

function share(value: number | null | undefined): string {
  return value == null ? NONE : cpuShare(value)
}

function amount(value: number | null | undefined): string {
  return value == null ? NONE : bytes(value)
}

function rate(value: number | null | undefined): string {
  return value == null ? NONE : bytesPerSecond(value)
}
