/** Everything known of one process, beside the list. Escape closes it. */
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { OneProcess, Process } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { Text } from '../elements/Text.tsx'
import { useAnswer } from '../live/answer.ts'
import { outcome } from '../processes/outcome.ts'
import type { View } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { ExecHistory } from './ExecHistory.tsx'
import { ProcessCharts } from './ProcessCharts.tsx'
import { ProcessFacts } from './ProcessFacts.tsx'
import { ProcessTotals } from './ProcessTotals.tsx'

interface ProcessPanelProps {
  id: string
  view: View
  window: Window
  alive: boolean
  beat: number
  processes: Process[]
  onSelect: (process: string | null) => void
}

export function ProcessPanel({ id, view, window, alive, beat, processes, onSelect }: ProcessPanelProps) {
  const listed = useMemo(() => processes.find((process) => process.id === id) ?? null, [processes, id])
  const over = listed?.end_ms != null
  const url = address(containerRoute(view.container, `/processes/${id}`))
  // Once it has ended it does not change; the one answer after its end is asked for because `over` turned.
  const { data, problem } = useAnswer<OneProcess>(url, `${view.container} ${id} ${over}`, over ? 0 : beat)
  const process: Process | null = data ?? listed
  const panel = useRef<HTMLElement>(null)
  useEffect(() => {
    const before = document.activeElement
    panel.current?.focus({ preventScroll: true })
    const pressed = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onSelect(null)
    }
    document.addEventListener('keydown', pressed)
    return () => {
      document.removeEventListener('keydown', pressed)
      if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    }
  }, [])
  return (
    <aside class="panel" ref={panel} tabIndex={-1} aria-label="process">
      <header class="panel-head">
        <h2>
          <Text of={process?.name ?? '…'} /> <span class="dim">{process?.pid}</span>
        </h2>
        {process !== null && <Ending process={process} alive={alive} />}
        <button type="button" class="close" aria-label="close" title="close (Esc)" onClick={() => onSelect(null)}>
          ×
        </button>
      </header>
      {problem !== null && <p class="banner banner-bad">{problem.detail}</p>}
      {process !== null && (
        <>
          <ProcessFacts
            process={process}
            alive={alive}
            now_ms={window.end_ms}
            processes={processes}
            onSelect={onSelect}
          />
          <ProcessCharts process={process} view={view} window={window} beat={over ? 0 : beat} />
          <ProcessTotals totals={process.totals} />
          {data !== null && <ExecHistory execs={data.execs} />}
        </>
      )}
    </aside>
  )
}

function Ending({ process, alive }: { process: Process; alive: boolean }) {
  const { tone, text, says } = outcome(process, alive)
  return (
    <span class={`exit exit-${tone}`} title={says}>
      {tone === 'good' || (tone === 'failed' && process.exit_code !== null) ? `exit ${text}` : text}
    </span>
  )
}
