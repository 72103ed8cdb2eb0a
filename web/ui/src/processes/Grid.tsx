/** The list itself: a heading that sorts, and the rows near the screen. Arrow keys move, Enter opens, left and right fold. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Order, Sort } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { COLUMNS } from './columns.tsx'
import { GridRow } from './GridRow.tsx'
import type { Row } from './tree.ts'
import { useVisibleRows } from './visible_rows.ts'

/** The height that style/processes.css gives a row. */
export const ROW_PX = 26

interface GridProps {
  rows: Row[]
  window: Window
  alive: boolean
  tree: boolean
  sort: Sort
  order: Order
  selected: string | null
  onSort: (sort: Sort) => void
  onToggle: (process: string) => void
  onSelect: (process: string) => void
}

export function Grid(props: GridProps) {
  const { rows, window, alive, tree, selected } = props
  const body = useRef<HTMLDivElement>(null)
  const { first, end } = useVisibleRows(body, rows.length, ROW_PX)
  const [active, setActive] = useState<string | null>(null)
  const most_cpu_ns = rows.reduce((most, row) => Math.max(most, row.process.totals.cpu_ns ?? 0), 0)
  useEffect(() => setActive(selected), [selected])
  const moveTo = (index: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (row === undefined) return
    setActive(row.process.id)
    reveal(body.current, rows.indexOf(row))
  }
  const pressed = (event: KeyboardEvent) => {
    const at = rows.findIndex((row) => row.process.id === active)
    const row = rows[at]
    const page = Math.floor(globalThis.innerHeight / ROW_PX / 2)
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }
    const target = moves[event.key]
    if (target !== undefined) moveTo(target)
    else if (row !== undefined && (event.key === 'Enter' || event.key === ' ')) props.onSelect(row.process.id)
    else if (row !== undefined && event.key === 'ArrowLeft' && row.open && row.children > 0)
      props.onToggle(row.process.id)
    else if (row !== undefined && event.key === 'ArrowRight' && !row.open) props.onToggle(row.process.id)
    else if (row !== undefined && event.key === 'ArrowLeft')
      moveTo(rows.findIndex((one) => one.process.id === row.process.parent))
    else return
    event.preventDefault()
  }
  return (
    <div
      class="grid"
      role="treegrid"
      aria-label="processes"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={active === null ? undefined : `row-${active}`}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <Heading {...props} />
      <div class="grid-body" ref={body} role="rowgroup" style={{ height: `${rows.length * ROW_PX}px` }}>
        {rows.slice(first, end).map((row, offset) => (
          <GridRow
            key={row.process.id}
            shown={{ row, from_ms: window.from_ms, to_ms: window.to_ms, now_ms: window.end_ms, alive, most_cpu_ns }}
            index={first + offset}
            tree={tree}
            active={row.process.id === active}
            selected={row.process.id === selected}
            onToggle={props.onToggle}
            onSelect={props.onSelect}
          />
        ))}
      </div>
    </div>
  )
}

function Heading({ tree, sort, order, onSort }: GridProps) {
  const sorted = (key: Sort) => (key !== sort ? 'none' : order === 'asc' ? 'ascending' : 'descending')
  const arrow = (key: Sort) => (key !== sort ? '' : order === 'asc' ? ' ↑' : ' ↓')
  return (
    <div class="grid-row grid-head" role="row" aria-rowindex={1}>
      <span role="columnheader" class="cell-name" aria-sort={sorted('name')}>
        <button type="button" onClick={() => onSort('name')}>
          process{arrow('name')}
        </button>
        {tree && sort !== 'start' && (
          <button
            type="button"
            class="dim"
            title="back to the order in which they began"
            onClick={() => onSort('start')}
          >
            by start
          </button>
        )}
      </span>
      {COLUMNS.map((column) => {
        const key = column.sort
        return (
          <span
            key={column.key}
            role="columnheader"
            class={`cell-${column.key}`}
            title={column.says}
            aria-sort={key === null ? undefined : sorted(key)}
          >
            {key === null ? (
              column.title
            ) : (
              <button type="button" onClick={() => onSort(key)}>
                {column.title}
                {arrow(key)}
              </button>
            )}
          </span>
        )
      })}
    </div>
  )
}

/** Scrolls the page just enough to show a row that need not be drawn yet. */
function reveal(body: HTMLElement | null, index: number): void {
  if (body === null) return
  const top = body.getBoundingClientRect().top + index * ROW_PX
  const above = 120
  if (top < above) globalThis.scrollBy(0, top - above)
  else if (top + ROW_PX > globalThis.innerHeight) globalThis.scrollBy(0, top + ROW_PX - globalThis.innerHeight + ROW_PX)
}
