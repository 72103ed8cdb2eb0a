/** One process in the list. */
import { colourClass } from '../charts/colours.ts'
import { Text } from '../elements/Text.tsx'
import { count } from '../format/amount.ts'
import { shortened, visible } from '../format/text.ts'
import { Arguments } from './Arguments.tsx'
import { COLUMNS, type Shown } from './columns.tsx'
import { ROW_PX } from './Grid.tsx'
import { failed } from './outcome.ts'

interface GridRowProps {
  shown: Shown
  index: number
  tree: boolean
  active: boolean
  selected: boolean
  onToggle: (process: string) => void
  onSelect: (process: string) => void
}

/** Deeper than this, indentation would push the names off the screen. */
const DEEPEST = 14

export function GridRow({ shown, index, tree, active, selected, onToggle, onSelect }: GridRowProps) {
  const { row } = shown
  const { process } = row
  const state = `${active ? ' active' : ''}${selected ? ' selected' : ''}${row.context ? ' context' : ''}${failed(process) ? ' failed' : ''}`
  const swatch = colourClass(process.id)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid around it has the keys
    <div
      class={`grid-row${state}`}
      role="row"
      id={`row-${process.id}`}
      data-process={process.id}
      aria-rowindex={index + 2}
      aria-level={tree ? row.depth + 1 : undefined}
      aria-expanded={tree && row.children > 0 ? row.open : undefined}
      aria-selected={selected}
      style={{ top: `${index * ROW_PX}px` }}
      onClick={() => onSelect(process.id)}
    >
      <span
        role="gridcell"
        class="cell-name"
        title={process.exe === null ? undefined : visible(shortened(process.exe, 500))}
      >
        {tree && <Branch row={row} onToggle={onToggle} />}
        {swatch !== undefined && <i class={`swatch ${swatch}`} aria-hidden="true" />}
        <b class={process.is_root ? 'root' : ''}>
          <Text of={process.name} />
        </b>
        <Arguments of={process} />
        {!row.open && row.children > 0 && <span class="count">+{count(row.branch_size - 1)}</span>}
      </span>
      {COLUMNS.map((column) => (
        <span key={column.key} role="gridcell" class={`cell-${column.key}`}>
          {column.cell(shown)}
        </span>
      ))}
    </div>
  )
}

function Branch({ row, onToggle }: { row: Shown['row']; onToggle: (process: string) => void }) {
  const toggle = (event: Event) => {
    event.stopPropagation()
    onToggle(row.process.id)
  }
  return (
    <>
      <i class="indent" style={{ width: `${Math.min(row.depth, DEEPEST) * 14}px` }} aria-hidden="true" />
      {row.depth > DEEPEST && <span class="count">{row.depth}</span>}
      {row.children > 0 ? (
        <button type="button" class="fold" tabIndex={-1} aria-label={row.open ? 'fold' : 'unfold'} onClick={toggle}>
          {row.open ? '▾' : '▸'}
        </button>
      ) : (
        <i class="fold" aria-hidden="true" />
      )}
    </>
  )
}
