/** Who a process is, where it came from, how it ended. */
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Process } from '../api/answers.ts'
import { Known, Unknown } from '../elements/Known.tsx'
import { Text } from '../elements/Text.tsx'
import { Time } from '../elements/Time.tsx'
import { counted } from '../format/amount.ts'
import { day, duration, preciseClock } from '../format/time.ts'
import { Arguments } from '../processes/Arguments.tsx'
import { outcome } from '../processes/outcome.ts'
import { adjust } from '../view/place.ts'

interface ProcessFactsProps {
  process: Process
  alive: boolean
  now_ms: number
  processes: Process[]
  onSelect: (process: string) => void
}

const moment = (ms: number) => `${day(ms)} ${preciseClock(ms)}`

export function ProcessFacts({ process: p, alive, now_ms, processes, onSelect }: ProcessFactsProps) {
  const children = useMemo(() => processes.filter((one) => one.parent === p.id), [processes, p.id])
  const parent = useMemo(() => processes.find((one) => one.id === p.parent) ?? null, [processes, p.parent])
  const length_ms = p.end_ms === null ? (alive ? now_ms - p.start_ms : null) : p.end_ms - p.start_ms
  return (
    <dl class="panel-facts">
      <Fact name="arguments">
        <Arguments of={p} whole />
      </Fact>
      <Fact name="executable">
        <Known value={p.exe} show={(exe) => <Text of={exe} whole />} />
      </Fact>
      <Fact name="pid">
        {p.pid}
        {p.container_pid !== null && p.container_pid !== p.pid && (
          <span class="dim"> ({p.container_pid} in its container)</span>
        )}
        {p.is_root && <span class="dim"> first process of its container</span>}
      </Fact>
      <Fact name="parent">
        {parent !== null ? (
          <button type="button" class="plain" onClick={() => onSelect(parent.id)}>
            <Text of={parent.name} /> {parent.pid}
          </button>
        ) : (
          <Known value={p.parent_pid} show={(pid) => `${pid}, not of this container or window`} />
        )}
      </Fact>
      <Fact name="children">
        {children.length === 0 ? (
          'none in this window'
        ) : (
          <button
            type="button"
            class="plain"
            onClick={() => adjust({ root: p.name, q: null, show: null })}
            title="show only what it and others of its name started"
          >
            {counted(children.length, 'child', 'children')}
          </button>
        )}
      </Fact>
      <Fact name="uid">
        <Known value={p.uid} show={String} />
      </Fact>
      <Fact name="start">
        <Time ms={p.start_ms} show={moment} />
      </Fact>
      {p.entered_ms > p.start_ms && (
        <Fact name="came in">
          <Time ms={p.entered_ms} show={moment} />
        </Fact>
      )}
      <Fact name="end">
        {p.end_ms === null ? (
          alive ? (
            'running'
          ) : (
            <Unknown says="its end was not seen" />
          )
        ) : (
          <Time ms={p.end_ms} show={moment} />
        )}
      </Fact>
      <Fact name="duration">
        <Known value={length_ms} show={(ms) => duration(Math.max(0, ms))} />
      </Fact>
      <Fact name="how it ended">{outcome(p, alive).says}</Fact>
      <Fact name="last sample">
        <Known value={p.last_sample_ms} show={(ms) => <Time ms={ms} show={moment} />} />
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
