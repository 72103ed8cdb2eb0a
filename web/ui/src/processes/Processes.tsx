/** Every process of the window, as a tree or a table, searched, filtered and sorted. */
import { useMemo, useState } from 'preact/hooks'
import type { Process } from '../api/answers.ts'
import { Choice } from '../elements/Choice.tsx'
import { Search } from '../elements/Search.tsx'
import { count } from '../format/amount.ts'
import { adjust } from '../view/place.ts'
import { firstOrder, type Show, type Sort, type View } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { type Feed, MOST } from './feed.ts'
import { Grid } from './Grid.tsx'
import { descendants, livedIn, matcher } from './match.ts'
import { comparison } from './order.ts'
import { failed } from './outcome.ts'
import { flatRows, treeRows } from './tree.ts'

interface ProcessesProps {
  view: View
  window: Window
  feed: Feed
  alive: boolean
  onSelect: (process: string) => void
}

export function Processes({ view, window, feed, alive, onSelect }: ProcessesProps) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const { from_ms, to_ms, end_ms } = window
  const { search, show, sort, order, shape, root } = view
  const here = useMemo(
    () => descendants(livedIn(feed.processes, from_ms, to_ms), root),
    [feed.processes, from_ms, to_ms, root],
  )
  const counts = useMemo(() => countsOf(here), [here])
  const rows = useMemo(() => {
    const matches = matcher(search, show)
    const compare = comparison(sort, order, end_ms)
    if (shape === 'table') return flatRows(here.filter(matches), compare)
    const by_branch_cpu = sort === 'cpu' ? order : null
    return treeRows(here, { compare, by_branch_cpu }, search === '' && show === 'all' ? null : matches, closed)
  }, [here, search, show, sort, order, shape, closed, end_ms])
  const sortBy = (key: Sort) => {
    const turned = key !== sort ? firstOrder(key) : order === 'asc' ? 'desc' : 'asc'
    adjust({ sort: key, order: turned === firstOrder(key) ? null : turned })
  }
  const toggle = (id: string) =>
    setClosed((before) => {
      const after = new Set(before)
      if (!after.delete(id)) after.add(id)
      return after
    })
  const told = (number: number) => <span class="count">{feed.ready ? count(number) : ''}</span>
  return (
    <section class="processes" id="processes" aria-label="processes">
      <div class="processes-bar">
        <h2>Processes</h2>
        <Choice<Show>
          label="which processes"
          chosen={show}
          options={[
            { value: 'all', text: <>all {told(here.length)}</> },
            { value: 'failed', text: <span class={counts.failed > 0 ? 'bad' : ''}>failed {told(counts.failed)}</span> },
            {
              value: 'running',
              text: (
                <>
                  {alive ? 'running' : 'end not seen'} {told(counts.open)}
                </>
              ),
            },
          ]}
          onChoose={(value) => adjust({ show: value === 'all' ? null : value })}
        />
        <Choice
          label="shape"
          chosen={shape}
          options={[
            { value: 'tree', text: 'tree' },
            { value: 'table', text: 'table' },
          ]}
          onChoose={(value) => adjust({ view: value === 'tree' ? null : value, sort: null, order: null })}
        />
        <Search label="search name, arguments, pid" value={search} onSearch={(q) => adjust({ q })} />
      </div>
      {feed.problem !== null && <p class="banner banner-bad">{feed.problem.detail}</p>}
      {feed.large && (
        <p class="banner">
          {count(feed.processes.length)} of {count(feed.total)} processes are here, picked by the server in this order;
          a search or a shorter window looks among all. (A page holds {count(MOST)}.)
        </p>
      )}
      <Grid
        rows={rows}
        window={window}
        alive={alive}
        tree={shape === 'tree'}
        sort={sort}
        order={order}
        selected={view.process}
        onSort={sortBy}
        onToggle={toggle}
        onSelect={onSelect}
      />
      {!feed.ready && feed.problem === null && <p class="empty loading">loading…</p>}
      {feed.ready && rows.length === 0 && (
        <p class="empty">{here.length === 0 ? 'No process lived in this window.' : 'No process matches.'}</p>
      )}
    </section>
  )
}

function countsOf(processes: readonly Process[]): { failed: number; open: number } {
  return { failed: processes.filter(failed).length, open: processes.filter((p) => p.end_ms === null).length }
}
