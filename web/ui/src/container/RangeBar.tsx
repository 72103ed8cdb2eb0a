/** Which window of time everything below is about, and how finely. */
import type { Usage } from '../api/answers.ts'
import { Choice } from '../elements/Choice.tsx'
import { Text } from '../elements/Text.tsx'
import { clock, clockNear, day, duration } from '../format/time.ts'
import { adjust, go, hrefWith } from '../view/place.ts'
import { RESOLUTIONS, type Resolution, type View } from '../view/view.ts'
import { moved, type Window } from '../view/window.ts'

interface RangeBarProps {
  view: View
  window: Window
  alive: boolean
  /** What the charts were answered: the resolution that `auto` came to. */
  usage: Usage | null
}

const PRESETS = [
  { value: '5m', text: '5 min' },
  { value: '15m', text: '15 min' },
  { value: '1h', text: '1 h' },
  { value: 'all', text: 'all' },
] as const

const NAMES: Record<Resolution, string> = { auto: 'auto', s: 'seconds', m: 'minutes', h: 'hours', d: 'days' }

export function RangeBar({ view, window, alive, usage }: RangeBarProps) {
  const shift = (by: number, stretch: number) => {
    const { from_ms, to_ms } = moved(window, by, stretch)
    go(hrefWith({ from: String(from_ms), to: String(to_ms), range: null }))
  }
  const back = () => adjust({ from: null, to: null, range: null, life: null })
  const to = day(window.from_ms) === day(window.to_ms) ? clock(window.to_ms) : clockNear(window.to_ms, window.from_ms)
  return (
    <section class="range" aria-label="window of time">
      <Choice
        label="how far back"
        chosen={window.preset}
        options={PRESETS}
        onChoose={(range) => adjust({ range, from: null, to: null })}
      />
      {alive && (
        <button
          type="button"
          class="follow"
          aria-pressed={window.follows}
          title="move on as records come"
          onClick={back}
        >
          <i aria-hidden="true" />
          live
        </button>
      )}
      <span class="steps">
        <button type="button" aria-label="earlier" title="earlier" onClick={() => shift(-0.5, 1)}>
          ←
        </button>
        <button type="button" aria-label="later" title="later" onClick={() => shift(0.5, 1)}>
          →
        </button>
        <button
          type="button"
          aria-label="shorter window"
          title="zoom in; or drag over a chart"
          onClick={() => shift(0, 0.5)}
        >
          +
        </button>
        <button type="button" aria-label="longer window" title="zoom out" onClick={() => shift(0, 2)}>
          −
        </button>
      </span>
      <span class="range-text">
        {clockNear(window.from_ms, window.end_ms)} – {to}
        <span class="dim"> {duration(window.to_ms - window.from_ms)}</span>
      </span>
      {view.root !== null && (
        <button type="button" class="chip" title="show every process again" onClick={() => adjust({ root: null })}>
          only <Text of={view.root} /> and below ×
        </button>
      )}
      <label class="resolution">
        <span>resolution</span>
        <select
          value={view.resolution}
          onChange={(event) => adjust({ res: event.currentTarget.value === 'auto' ? null : event.currentTarget.value })}
        >
          {RESOLUTIONS.map((one) => (
            <option key={one} value={one}>
              {one === 'auto' && view.resolution === 'auto' && usage !== null
                ? `auto (${NAMES[usage.resolution]})`
                : NAMES[one]}
            </option>
          ))}
        </select>
        {usage !== null && (
          <span class="dim" title="what one step of the charts stands for">
            {duration(usage.step_ms)} a step
          </span>
        )}
      </label>
    </section>
  )
}
