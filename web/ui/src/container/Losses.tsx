/** What could not be recorded in this window: nothing is missing without a word. */
import type { Loss } from '../api/answers.ts'
import { counted } from '../format/amount.ts'
import { clock, durationNs } from '../format/time.ts'

interface Sum {
  says: string
  number: number
  cpu_ns: number
  from_ms: number
  to_ms: number
  own: boolean
}

export function Losses({ losses }: { losses: readonly Loss[] }) {
  if (losses.length === 0) return null
  const sums = sumUp(losses)
  return (
    <details class="banner banner-loss">
      <summary>
        <b>Not everything could be recorded here:</b> {sums.map((sum) => sum.says.split(':')[0]).join('; ')}
      </summary>
      <ul>
        {sums.map((sum) => (
          <li key={sum.says}>
            {clock(sum.from_ms)}
            {sum.to_ms > sum.from_ms && ` – ${clock(sum.to_ms)}`}: {sum.says} ({counted(sum.number, 'time')}
            {sum.cpu_ns > 0 && `, ${durationNs(sum.cpu_ns)} of CPU known to be missing`}
            {!sum.own && ', on the whole host'})
          </li>
        ))}
      </ul>
    </details>
  )
}

function sumUp(losses: readonly Loss[]): Sum[] {
  const sums = new Map<string, Sum>()
  for (const { reason, says, count: number, cpu_ns, at_ms, container } of losses) {
    const sum = sums.get(reason)
    if (sum === undefined) {
      sums.set(reason, {
        says,
        number,
        cpu_ns,
        from_ms: at_ms,
        to_ms: at_ms,
        own: container,
      })
      continue
    }
    sum.number += number
    sum.cpu_ns += cpu_ns
    sum.from_ms = Math.min(sum.from_ms, at_ms)
    sum.to_ms = Math.max(sum.to_ms, at_ms)
    sum.own ||= container
  }
  return [...sums.values()].sort((a, b) => a.from_ms - b.from_ms)
}
