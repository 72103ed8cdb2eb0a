/** From a view to the window of time it means. The container's own last record is "now": no clock of the reader is asked. */
import type { Life, OneContainer } from '../api/answers.ts'
import type { Preset, View } from './view.ts'

export interface Window {
  from_ms: number
  to_ms: number
  /** It moves on as records come. */
  follows: boolean
  /** What chose it; null: by hand. */
  preset: Preset | null
  /** The life it lies in began and ended (or was last recorded) here. */
  began_ms: number
  end_ms: number
}

const LENGTHS: Record<Exclude<Preset, 'all'>, number> = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000 }

/** A living one is given room to grow into; of a past one this much is needed to draw an axis. */
const SHORTEST_MS = 10_000
const SHORTEST_PAST_MS = 1000

/** The life a view is about: the chosen one, else the latest. */
export function chosenLife(view: View, lives: readonly Life[]): Life | undefined {
  return lives.find((life) => Math.floor(life.began_ms) === view.life_ms) ?? lives[0]
}

/** The window of a view. `until_ms` is the time of the latest record that was announced, where one was. */
export function windowOf(view: View, container: OneContainer, until_ms: number | null): Window {
  const life = chosenLife(view, container.lives)
  const began_ms = Math.floor(life?.began_ms ?? container.began_ms)
  const live = (life?.ended_ms ?? container.ended_ms) === null && container.state === 'live'
  const newest_ms = Math.max(container.last_record_ms, until_ms ?? 0)
  const end_ms = Math.max(began_ms + 1, Math.ceil(live ? newest_ms : (life?.ended_ms ?? container.last_record_ms)))
  if (view.window !== null) return { ...view.window, follows: false, preset: null, began_ms, end_ms }
  const preset = view.preset ?? (live ? '15m' : 'all')
  const earliest_ms = preset === 'all' ? began_ms : Math.max(began_ms, end_ms - LENGTHS[preset])
  const to_ms = Math.max(end_ms, earliest_ms + (live ? SHORTEST_MS : SHORTEST_PAST_MS))
  return { from_ms: earliest_ms, to_ms, follows: live, preset, began_ms, end_ms }
}

/** A window moved or stretched about its middle, kept a sensible length. */
export function moved(window: Window, by: number, stretch: number): { from_ms: number; to_ms: number } {
  const length = window.to_ms - window.from_ms
  const middle = window.from_ms + length / 2 + length * by
  const half = Math.max(1000, (length * stretch) / 2)
  return { from_ms: Math.max(0, Math.round(middle - half)), to_ms: Math.round(middle + half) }
}
