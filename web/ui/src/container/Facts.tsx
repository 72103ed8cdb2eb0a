/** The few numbers that say whether anything is wrong. */
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { LifeList, OneContainer, Usage } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { largest } from '../charts/layers.ts'
import { Known } from '../elements/Known.tsx'
import { Meter } from '../elements/Meter.tsx'
import { bytes, count, cpuShare } from '../format/amount.ts'
import { durationNs } from '../format/time.ts'
import { useAnswer } from '../live/answer.ts'
import type { Feed } from '../processes/feed.ts'
import { livedIn } from '../processes/match.ts'
import { failed, ways } from '../processes/outcome.ts'
import { go, hrefWith } from '../view/place.ts'
import type { View } from '../view/view.ts'
import { chosenLife, type Window } from '../view/window.ts'
import { amountsOf } from './amounts.ts'

interface FactsProps {
  view: View
  container: OneContainer
  usages: Partial<Record<Usage['metric'], Usage>>
  feed: Feed
  window: Window
}

export function Facts({ view, container, usages, feed, window }: FactsProps) {
  const { memory_bytes } = container.limits
  const several = container.lives.length > 1
  // Asked again when there is another one.
  const { data: apart } = useAnswer<LifeList>(
    several ? address(containerRoute(container.id, '/lives')) : null,
    container.id,
    container.lives.length,
  )
  const life = chosenLife(view, container.lives)
  const amounts = amountsOf(container, apart?.lives ?? null, life)
  const live = container.state === 'live' && (life === undefined || life === container.lives[0])
  const peak = largest(usages.memory?.total.max)
  return (
    <section class="facts" aria-label="in short">
      {live && window.follows && (
        <Fact name="CPU now" says="100 % is one CPU">
          <Known value={latest(usages.cpu)} show={cpuShare} />
        </Fact>
      )}
      <Fact name="CPU time" says="of all its processes, exact">
        <Known value={amounts?.cpu_ns ?? null} show={durationNs} />
      </Fact>
      {live && (
        <Fact name="memory now" says="RSS of its living processes together">
          <Known value={container.rss_bytes} show={bytes} />
        </Fact>
      )}
      <Fact
        name="highest memory together"
        says="RSS of all its processes at once, the highest in this window; the list shows the largest single process"
      >
        <Known value={peak} show={bytes} />
        {memory_bytes !== null && <span class="of"> of {bytes(memory_bytes)}</span>}
        {peak !== null && <Meter value={peak} of={memory_bytes} format={bytes} />}
      </Fact>
      <Fact name="processes" says="running, and recorded in all">
        {live && (
          <>
            {count(container.open_processes)}
            <span class="of"> running of </span>
          </>
        )}
        <Known value={amounts?.processes ?? null} show={count} />
      </Fact>
      <Failures feed={feed} window={window} />
    </section>
  )
}

function Fact({ name, says, children }: { name: string; says: string; children: ComponentChildren }) {
  return (
    <div class="fact" title={says}>
      <span class="fact-name">{name}</span>
      <span class="fact-value">{children}</span>
    </div>
  )
}

function Failures({ feed, window }: { feed: Feed; window: Window }) {
  const counts = useMemo(() => {
    const here = livedIn(feed.processes, window.from_ms, window.to_ms).filter(failed)
    return { all: here.length, ways: ways(here) }
  }, [feed.processes, window.from_ms, window.to_ms])
  if (counts.all === 0) {
    return (
      <Fact name="failed" says="ended with another exit code than 0, by a signal or out of memory, in this window">
        {feed.ready ? 'none' : '…'}
      </Fact>
    )
  }
  return (
    <button type="button" class="fact fact-failed" title="show only these" onClick={showFailed}>
      <span class="fact-name">failed</span>
      <span class="fact-value">
        {count(counts.all)}
        {feed.large && '+'} <span class="of">{counts.ways.join(', ')}</span>
      </span>
    </button>
  )
}

function showFailed(): void {
  go(hrefWith({ show: 'failed' }))
  document.getElementById('processes')?.scrollIntoView()
}

function latest(usage: Usage | undefined): number | null {
  if (usage === undefined) return null
  // The newest step may have only begun; the one before it is whole.
  const known = usage.total.mean.filter((value) => value !== null)
  return known.at(-2) ?? known.at(-1) ?? null
}
