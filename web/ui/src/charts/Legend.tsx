/** The rows beside a chart: what each colour is, and its value under the pointer, or over the window when there is none. */
import { Text } from '../elements/Text.tsx'

export interface LegendRow {
  process: string
  name: string
  pid: number | null
  /** The style class of its swatch. */
  swatch: string
  value: string
  /** What the value is, for a tooltip. */
  says: string
}

interface LegendProps {
  title: string
  rows: LegendRow[]
  total: string
  /** What the values are: `in this window`, or the time under the pointer. */
  caption: string
  highlight: string | null
  selected: string | null
  onHighlight: (process: string | null) => void
  onSelect: (process: string) => void
}

export function Legend(props: LegendProps) {
  return (
    <div class="legend">
      <div class="legend-head">
        <h2>{props.title}</h2>
        <span class="legend-caption">{props.caption}</span>
        <span class="legend-total">{props.total}</span>
      </div>
      <ul onPointerLeave={() => props.onHighlight(null)}>
        {props.rows.map((row) => (
          <li key={row.process}>
            <LegendEntry row={row} {...props} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function LegendEntry({ row, highlight, selected, onHighlight, onSelect }: LegendProps & { row: LegendRow }) {
  const facts = (
    <>
      <i class={`swatch ${row.swatch}`} aria-hidden="true" />
      <span class="legend-name">
        <Text of={row.name} />
        {row.pid !== null && <span class="legend-pid">{row.pid}</span>}
      </span>
      <span class="legend-value" title={row.says}>
        {row.value}
      </span>
    </>
  )
  const lit = row.process === highlight ? ' lit' : ''
  if (row.pid === null) return <div class={`legend-row${lit}`}>{facts}</div>
  return (
    <button
      type="button"
      class={`legend-row${lit}`}
      aria-pressed={row.process === selected}
      onPointerEnter={() => onHighlight(row.process)}
      onFocus={() => onHighlight(row.process)}
      onBlur={() => onHighlight(null)}
      onClick={() => onSelect(row.process)}
    >
      {facts}
    </button>
  )
}
