/** What is painted into a chart's frame. A sample stands for its whole step, so edges are steps; where there is none, there is a gap. */
import type uPlot from 'uplot'
import type { Loss, Usage, Values } from '../api/answers.ts'
import { colourVariable } from './colours.ts'
import type { Layer } from './layers.ts'
import { colour } from './theme.ts'

/** Runs `paint` with everything outside the plotting area cut off. */
export function inside(chart: uPlot, paint: (context: CanvasRenderingContext2D) => void): void {
  const { left, top, width, height } = chart.bbox
  const context = chart.ctx
  context.save()
  context.beginPath()
  context.rect(left, top, width, height)
  context.clip()
  paint(context)
  context.restore()
}

/** Bands stacked on each other; all but the highlighted one step back. */
export function paintLayers(chart: uPlot, usage: Usage, layers: readonly Layer[], highlight: string | null): void {
  const lit = layers.some((layer) => layer.process === highlight)
  inside(chart, (context) => {
    for (const layer of layers) {
      const path = stepArea(chart, usage, layer.lower, layer.upper)
      context.fillStyle = colour(colourVariable(layer.process))
      context.globalAlpha = !lit ? 0.82 : layer.process === highlight ? 1 : 0.18
      context.fill(path)
    }
  })
}

/** One area between zero and some values; `below` turns it downwards. */
export function paintArea(chart: uPlot, usage: Usage, values: Values, variable: string, below = false): void {
  const zero = values.map((value) => (value === null ? null : 0))
  const edge = below ? values.map((value) => (value === null ? null : -value)) : values
  inside(chart, (context) => {
    context.fillStyle = colour(variable)
    context.globalAlpha = 0.55
    context.fill(stepArea(chart, usage, zero, edge))
  })
  paintLine(chart, usage, edge, variable)
}

/** The upper edge alone. */
export function paintLine(chart: uPlot, usage: Usage, values: Values, variable: string): void {
  inside(chart, (context) => {
    const path = new Path2D()
    const along = stepsOf(chart, usage)
    let joined = false
    values.forEach((value, at) => {
      const step = along(at)
      if (value == null || step === null) {
        joined = false
        return
      }
      const y = chart.valToPos(value, 'y', true)
      if (joined) path.lineTo(step.left, y)
      else path.moveTo(step.left, y)
      path.lineTo(step.right, y)
      joined = step.touches_next
    })
    context.strokeStyle = colour(variable)
    context.globalAlpha = 0.7
    context.lineWidth = devicePixelRatio
    context.stroke(path)
  })
}

/** A dashed line across, with a word above it, or below it where there is no room. */
export function paintLimit(chart: uPlot, value: number, word: string): void {
  const y = chart.valToPos(value, 'y', true)
  const { left, width } = chart.bbox
  inside(chart, (context) => {
    context.strokeStyle = colour('--red')
    context.lineWidth = devicePixelRatio
    context.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
    context.beginPath()
    context.moveTo(left, y)
    context.lineTo(left + width, y)
    context.stroke()
    context.fillStyle = colour('--red')
    context.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
    context.textAlign = 'right'
    const room = y - chart.bbox.top > 16 * devicePixelRatio
    context.textBaseline = room ? 'bottom' : 'top'
    context.fillText(word, left + width - 4 * devicePixelRatio, y + (room ? -2 : 4) * devicePixelRatio)
  })
}

/** A mark over the seconds in which something was lost: hatched, and at least three pixels wide. */
export function paintLosses(chart: uPlot, losses: readonly Loss[], step_ms: number): void {
  const { top, height } = chart.bbox
  const marks: { left: number; right: number }[] = []
  for (const loss of [...losses].sort((a, b) => a.at_ms - b.at_ms)) {
    const left = chart.valToPos(loss.at_ms, 'x', true)
    const right = Math.max(left + 3 * devicePixelRatio, chart.valToPos(loss.at_ms + Math.min(step_ms, 1000), 'x', true))
    const before = marks.at(-1)
    // Marks that touch are one: laid over each other they would darken.
    if (before !== undefined && left <= before.right + 1) before.right = Math.max(before.right, right)
    else marks.push({ left, right })
  }
  inside(chart, (context) => {
    const hatch = hatching(context)
    for (const { left, right } of marks) {
      context.fillStyle = colour('--loss')
      context.fillRect(left, top, right - left, height)
      context.fillStyle = hatch
      context.fillRect(left, top, right - left, height)
      context.fillStyle = colour('--amber')
      context.fillRect(left, top, right - left, 3 * devicePixelRatio)
    }
  })
}

interface Step {
  left: number
  right: number
  touches_next: boolean
}

/** Where each step lies on the canvas; null for one outside the window. */
function stepsOf(chart: uPlot, usage: Usage): (at: number) => Step | null {
  const { min = 0, max = 0 } = chart.scales.x ?? {}
  return (at) => {
    const begins = usage.times_ms[at]
    if (begins === undefined || begins > max || begins + usage.step_ms < min) return null
    const next = usage.times_ms[at + 1]
    const touches_next = next !== undefined && next <= begins + usage.step_ms
    return {
      left: chart.valToPos(begins, 'x', true),
      right: chart.valToPos(touches_next ? next : begins + usage.step_ms, 'x', true),
      touches_next,
    }
  }
}

function stepArea(chart: uPlot, usage: Usage, lower: Values, upper: Values): Path2D {
  const path = new Path2D()
  const along = stepsOf(chart, usage)
  let way_back: [number, number][] = []
  const close = () => {
    for (const [x, y] of way_back.reverse()) path.lineTo(x, y)
    if (way_back.length > 0) path.closePath()
    way_back = []
  }
  usage.times_ms.forEach((_, at) => {
    const step = along(at)
    const low = lower[at]
    const high = upper[at]
    if (step === null || low == null || high == null) {
      close()
      return
    }
    const y = chart.valToPos(high, 'y', true)
    const floor = chart.valToPos(low, 'y', true)
    if (way_back.length === 0) path.moveTo(step.left, y)
    else path.lineTo(step.left, y)
    path.lineTo(step.right, y)
    way_back.push([step.left, floor], [step.right, floor])
    if (!step.touches_next) close()
  })
  close()
  return path
}

function hatching(context: CanvasRenderingContext2D): CanvasPattern | string {
  const size = 6 * devicePixelRatio
  const tile = new OffscreenCanvas(size, size)
  const drawing = tile.getContext('2d')
  if (drawing === null) return 'transparent'
  drawing.strokeStyle = colour('--amber')
  drawing.globalAlpha = 0.55
  drawing.lineWidth = devicePixelRatio
  drawing.beginPath()
  for (const shift of [-size, 0, size]) {
    drawing.moveTo(shift, size)
    drawing.lineTo(shift + size, 0)
  }
  drawing.stroke()
  return context.createPattern(tile, 'repeat') ?? 'transparent'
}
