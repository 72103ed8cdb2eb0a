/** What was lost where the pointer is, in words, beside it. */
import type { Loss } from '../api/answers.ts'
import { count } from '../format/amount.ts'
import { clock } from '../format/time.ts'
import type { Scale } from './frame.ts'

interface LossNoteProps {
  losses: readonly Loss[]
  at_ms: number
  scale: Scale
  width: number
}

/** The marks are at least three pixels wide, and so is what counts as being over one. */
const REACH_PX = 4

export function LossNote({ losses, at_ms, scale, width }: LossNoteProps) {
  const reach_ms = ((scale.to_ms - scale.from_ms) / Math.max(width, 1)) * REACH_PX
  const near = losses.filter((loss) => at_ms >= loss.at_ms - reach_ms && at_ms <= loss.at_ms + 1000 + reach_ms)
  const first = near[0]
  if (first === undefined) return null
  const by_reason = new Map<string, number>()
  for (const loss of near) by_reason.set(loss.says, (by_reason.get(loss.says) ?? 0) + loss.count)
  return (
    <div class="loss-note" role="status">
      <b>{clock(first.at_ms)}</b>
      {[...by_reason].map(([says, times]) => (
        <p key={says}>
          {says}
          {times > 1 && ` (${count(times)} times)`}
        </p>
      ))}
    </div>
  )
}
