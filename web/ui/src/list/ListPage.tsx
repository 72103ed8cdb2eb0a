/** Every container and job that was recorded: which live, which are past, and what each one cost. */
import { useEffect, useState } from 'preact/hooks'
import type { ContainerKind, ContainerList } from '../api/answers.ts'
import { address } from '../api/client.ts'
import { Choice } from '../elements/Choice.tsx'
import { Search } from '../elements/Search.tsx'
import { count } from '../format/amount.ts'
import { useAnswer } from '../live/answer.ts'
import type { Beat } from '../live/stream.ts'
import { adjust } from '../view/place.ts'
import { Empty } from './Empty.tsx'
import { List } from './List.tsx'

const KINDS: ContainerKind[] = [
  'docker',
  'podman',
  'containerd',
  'crio',
  'kubernetes',
  'lxc',
  'slurm',
  'systemd',
  'run',
  'cgroup',
]
const PAGE = 100
const MOST = 500

export function ListPage({ place, beat }: { place: URLSearchParams; beat: Beat }) {
  const search = place.get('q') ?? ''
  const kind = KINDS.find((one) => one === place.get('kind')) ?? null
  const state = (['live', 'past'] as const).find((one) => one === place.get('state')) ?? 'all'
  const [limit, setLimit] = useState(PAGE)
  const list = useAnswer<ContainerList>(
    address('containers', { q: search, state: state === 'all' ? null : state, kind, limit }),
    'list',
    beat.number,
  )
  const counted = (one: 'live' | 'past') => address('containers', { q: search, state: one, kind, limit: 1 })
  const live = useAnswer<ContainerList>(counted('live'), 'live', beat.lists).data?.total ?? null
  const past = useAnswer<ContainerList>(counted('past'), 'past', beat.lists).data?.total ?? null
  useEffect(() => {
    document.title = 'Containers and jobs · Bubble Chamber'
  }, [])
  const told = (number: number | null) => <span class="count">{number === null ? '' : count(number)}</span>
  const all = live === null || past === null ? null : live + past
  const shown = list.data?.containers.length ?? 0
  const nothing = list.data !== null && list.data.total === 0
  return (
    <main class="list-page">
      <div class="list-bar">
        <h1>Containers and jobs</h1>
        <Choice
          label="state"
          chosen={state}
          options={[
            { value: 'all', text: <>all {told(all)}</> },
            { value: 'live', text: <>live {told(live)}</> },
            { value: 'past', text: <>past {told(past)}</> },
          ]}
          onChoose={(value) => adjust({ state: value === 'all' ? null : value })}
        />
        <select aria-label="kind" value={kind ?? ''} onChange={(event) => adjust({ kind: event.currentTarget.value })}>
          <option value="">every kind</option>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
        <Search label="search name, id, image, command" value={search} onSearch={(q) => adjust({ q })} />
      </div>
      {list.problem !== null && (
        <p class="banner banner-bad" role="alert">
          {list.problem.detail}
        </p>
      )}
      {list.data !== null && !nothing && <List containers={list.data.containers} />}
      {nothing && <Empty filtered={search !== '' || kind !== null || state !== 'all'} />}
      {list.data !== null && shown < list.data.total && (
        <p class="list-more">
          {count(shown)} of {count(list.data.total)} shown.{' '}
          {limit < MOST ? (
            <button type="button" class="plain" onClick={() => setLimit(Math.min(MOST, limit + PAGE))}>
              show more
            </button>
          ) : (
            'Search to find the others.'
          )}
        </p>
      )}
    </main>
  )
}
