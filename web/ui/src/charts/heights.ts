/** How high a chart's scale reaches: a little above its values, in steps that do not move with every sample. */
import type { Usage } from '../api/answers.ts'
import { largest } from './layers.ts'

const STEPS = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]

/** The next round value at or above `value`, where roundness is that of `unit` (1000 or 1024). */
export function roundUp(value: number, unit: 1000 | 1024): number {
  if (value <= 0) return 0
  let scale = 1
  while (value / scale >= unit) scale *= unit
  const mantissa = value / scale
  const decade = 10 ** Math.floor(Math.log10(Math.max(mantissa, 1)))
  const step = STEPS.find((one) => one * decade >= mantissa) ?? 10
  return step * decade * scale
}

export interface Heights {
  lowest: number
  highest: number
}

/** CPU: at least a twentieth of one CPU, so that idling looks idle. */
export function cpuHeights(usage: Usage | null): Heights {
  const most = largest(usage?.total.max) ?? 0
  return { lowest: 0, highest: roundUp(Math.max(most * 1.05, 5e7), 1000) }
}

/** Memory: up to the limit too, unless that would flatten the curve. */
export function memoryHeights(usage: Usage | null, limit_bytes: number | null): Heights {
  const most = largest(usage?.total.max) ?? 0
  const highest = roundUp(Math.max(most * 1.05, 2 ** 20), 1024)
  const near = limit_bytes !== null && limit_bytes <= most * 2.5
  return { lowest: 0, highest: near ? Math.max(highest, limit_bytes * 1.06) : highest }
}

/** Block I/O: reads upwards, writes downwards. */
export function ioHeights(usage: Usage | null): Heights {
  const read = roundUp((largest(usage?.total.read) ?? 0) * 1.05, 1024)
  const write = roundUp((largest(usage?.total.write) ?? 0) * 1.05, 1024)
  // The idle side keeps a strip of its own, so that the zero line stands clear of the edge.
  const least = Math.max(read, write, 1024) / 5
  return { lowest: -Math.max(write, least), highest: Math.max(read, least) }
}
