/**
 * The most memory that single processes held. A step's mean says little of one that lived for a moment of it: what was killed at 60 MiB
 * would stand in the legend with 20. Pure.
 */
import type { Process, Usage } from '../api/answers.ts'
import { type Layer, largest } from './layers.ts'

/** What is known of it, and in which words. */
export interface MostHeld {
  bytes: number | null
  says: string
}

/** By process, for those that are drawn and of whose life in the container the window has all. */
export function peaksIn(
  usage: Usage,
  processes: readonly Process[],
  from_ms: number,
  to_ms: number,
): Map<string, number> {
  const drawn = new Set(usage.series.map((series) => series.process))
  const peaks = new Map<string, number>()
  for (const { id, entered_ms, end_ms, last_sample_ms, totals } of processes) {
    if (!drawn.has(id) || totals.peak_rss_bytes == null) continue
    if (entered_ms >= from_ms && (end_ms ?? last_sample_ms ?? to_ms) <= to_ms) peaks.set(id, totals.peak_rss_bytes)
  }
  return peaks
}

/** The most of one layer: its process's peak, or else the highest step. */
export function mostHeld(layer: Layer, peaks: ReadonlyMap<string, number>): MostHeld {
  const peak = peaks.get(layer.process)
  if (peak !== undefined) return { bytes: peak, says: 'peak RSS' }
  return { bytes: largest(layer.values), says: 'highest mean of a step in this window' }
}
