/** A moment, with everything about it in its tooltip. */
import { fullTime } from '../format/time.ts'

export function Time({ ms, show }: { ms: number; show: (ms: number) => string }) {
  return (
    <time dateTime={new Date(ms).toISOString()} title={fullTime(ms)}>
      {show(ms)}
    </time>
  )
}
