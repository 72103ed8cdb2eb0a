/** From an answer to what is painted: layers stacked from the largest up, in the server's order, `others` on top. Pure. */
import type { Usage, Values } from '../api/answers.ts'

export interface Layer {
  process: string
  pid: number | null
  name: string
  sum: number
  values: Values
  /** Lower and upper edge at each time; null where nothing was sampled. */
  lower: Values
  upper: Values
}

/** The layers of an answer. A process without a sample at a time at which others have one adds nothing there. */
export function layersOf(usage: Usage): Layer[] {
  const floor: number[] = usage.times_ms.map(() => 0)
  return usage.series.map((series) => {
    const lower: Values = []
    const upper: Values = []
    usage.times_ms.forEach((_, at) => {
      if (usage.total.mean[at] == null) {
        lower.push(null)
        upper.push(null)
        return
      }
      const below = floor[at] ?? 0
      const top = below + (series.mean[at] ?? 0)
      lower.push(below)
      upper.push(top)
      floor[at] = top
    })
    return {
      process: series.process,
      pid: series.pid,
      name: series.name,
      sum: series.sum,
      values: series.mean,
      lower,
      upper,
    }
  })
}

/** The step that a time lies in; -1 where there is none. */
export function indexAt(usage: Usage, at_ms: number): number {
  let low = 0
  let high = usage.times_ms.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((usage.times_ms[middle] ?? 0) <= at_ms) low = middle + 1
    else high = middle
  }
  const begins = usage.times_ms[low - 1]
  return begins !== undefined && at_ms < begins + usage.step_ms ? low - 1 : -1
}

/** The layer whose band holds `value` at a step. */
export function layerAt(layers: readonly Layer[], at: number, value: number): Layer | null {
  return (
    layers.find((layer) => value >= (layer.lower[at] ?? Infinity) && value < (layer.upper[at] ?? -Infinity)) ?? null
  )
}

/** The largest of some values; null when none is known. */
export function largest(values: Values | undefined): number | null {
  let most: number | null = null
  for (const value of values ?? []) if (value !== null && (most === null || value > most)) most = value
  return most
}
