/** A container's page: its facts, its charts, its processes, all of one window of time. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { OneContainer, Usage } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { Charts } from '../charts/Charts.tsx'
import { visible } from '../format/text.ts'
import { useAnswer } from '../live/answer.ts'
import type { Beat } from '../live/stream.ts'
import { ProcessPanel } from '../process/ProcessPanel.tsx'
import { useProcesses } from '../processes/feed.ts'
import { Processes } from '../processes/Processes.tsx'
import { explain, type Refusal } from '../session/session.ts'
import { adjust, go, hrefWith } from '../view/place.ts'
import type { View } from '../view/view.ts'
import { windowOf } from '../view/window.ts'
import { Facts } from './Facts.tsx'
import { Head } from './Head.tsx'
import { Losses } from './Losses.tsx'
import { RangeBar } from './RangeBar.tsx'

interface ContainerPageProps {
  view: View
  beat: Beat
  onRefused: (refusal: Refusal) => void
  onPast: (past: boolean) => void
}

export function ContainerPage({ view, beat, onRefused, onPast }: ContainerPageProps) {
  const { data, problem } = useAnswer<OneContainer>(
    address(containerRoute(view.container)),
    view.container,
    beat.number,
  )
  const past = data?.state === 'past'
  useEffect(() => onPast(past), [past])
  useEffect(() => {
    if (problem !== null && data === null) onRefused(explain(problem, view.container, null, false))
  }, [problem, data])
  useEffect(() => {
    if (data !== null) document.title = `${visible(data.name)} · Bubble Chamber`
  }, [data?.name])
  if (data === null) return <p class="waiting">opening…</p>
  return (
    <>
      {problem !== null && (
        <p class="banner banner-bad" role="alert">
          {problem.status === 401
            ? 'This link has expired. What is shown is what was known before; open a new link to go on.'
            : problem.detail}
        </p>
      )}
      <Opened view={view} container={data} beat={beat} />
    </>
  )
}

function Opened({ view, container, beat }: { view: View; container: OneContainer; beat: Beat }) {
  const window = windowOf(view, container, beat.until_ms)
  const feed = useProcesses(view, window, beat)
  const [usages, setUsages] = useState<Partial<Record<Usage['metric'], Usage>>>({})
  const keep = useCallback((usage: Usage) => setUsages((before) => ({ ...before, [usage.metric]: usage })), [])
  const select = (process: string | null) => {
    if (process === view.process) return
    if (process === null || view.process !== null) adjust({ process })
    else go(hrefWith({ process }))
  }
  const brush = (from_ms: number, to_ms: number) =>
    go(hrefWith({ from: String(from_ms), to: String(to_ms), range: null }))
  const alive = container.state === 'live'
  return (
    <main class={`container-page ${view.process === null ? '' : 'with-panel'}`}>
      <Head container={container} view={view} window={window} />
      <Facts view={view} container={container} usages={usages} feed={feed} window={window} />
      <Losses losses={usages.cpu?.losses ?? []} />
      <RangeBar view={view} window={window} alive={alive} usage={usages.cpu ?? null} />
      <Charts
        view={view}
        window={window}
        beat={beat.number}
        limit_bytes={container.limits.memory_bytes}
        processes={feed.processes}
        onSelect={select}
        onBrush={brush}
        onUsage={keep}
      />
      <Processes view={view} window={window} feed={feed} alive={alive} onSelect={select} />
      {view.process !== null && (
        <ProcessPanel
          key={view.process}
          id={view.process}
          view={view}
          window={window}
          alive={alive}
          beat={beat.number}
          processes={feed.processes}
          onSelect={select}
        />
      )}
    </main>
  )
}
