/** Times and durations as people read them. Clock times are those of the reader's own zone. */
import { threeDigits } from './amount.ts'

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')

/** `12:03:07`. */
export function clock(ms: number): string {
  const time = new Date(ms)
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`
}

/** `12:03:07.123`. */
export function preciseClock(ms: number): string {
  return `${clock(ms)}.${pad(new Date(ms).getMilliseconds(), 3)}`
}

/** `2026-05-04`. */
export function day(ms: number): string {
  const time = new Date(ms)
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`
}

/** `2026-05-04 12:03:07`. */
export function dayAndClock(ms: number): string {
  return `${day(ms)} ${clock(ms)}`
}

/** The clock alone for a time of the same day as `now`, with its date otherwise. */
export function clockNear(ms: number, now: number): string {
  return day(ms) === day(now) ? clock(ms) : dayAndClock(ms)
}

/** The precise clock for a time of the one day that all of a range is of, else its day and the clock: `11-01 08:41:40`. */
export function clockWithin(ms: number, from_ms: number, to_ms: number): string {
  const own = day(ms)
  if (own === day(from_ms) && own === day(to_ms)) return preciseClock(ms)
  return `${own.slice(own.indexOf('-') + 1)} ${clock(ms)}`
}

/** Everything about a time, for a tooltip: local to the millisecond, and UTC to compare with logs. */
export function fullTime(ms: number): string {
  return `${day(ms)} ${preciseClock(ms)} here\n${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')} UTC`
}

/** A length of time in its two largest units: `2 ms`, `1.24 s`, `3 m 12 s`, `4 h 05 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 0) return `−${duration(-ms)}`
  if (ms < 0.0005) return ms === 0 ? '0 s' : '<1 µs'
  if (ms < 0.9995) return `${threeDigits(ms * 1000)} µs`
  if (ms < 999.5) return `${threeDigits(ms)} ms`
  if (ms < 59_995) return `${threeDigits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`
  const hours = Math.round(ms / 3_600_000)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** The same, from nanoseconds. */
export function durationNs(ns: number): string {
  return duration(ns / 1e6)
}
