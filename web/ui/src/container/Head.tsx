/** What the container is: name, id, image, command, where and when it ran. */
import type { ComponentChildren } from 'preact'
import type { OneContainer } from '../api/answers.ts'
import { Copy } from '../elements/Copy.tsx'
import { Text } from '../elements/Text.tsx'
import { Time } from '../elements/Time.tsx'
import { bytes, count, threeDigits } from '../format/amount.ts'
import { visible } from '../format/text.ts'
import { clockNear, dayAndClock, duration } from '../format/time.ts'
import { adjust } from '../view/place.ts'
import type { View } from '../view/view.ts'
import { chosenLife, type Window } from '../view/window.ts'
import { KindBadge } from './KindBadge.tsx'
import { StateMark } from './StateMark.tsx'

export function Head({ container, view, window }: { container: OneContainer; view: View; window: Window }) {
  const life = chosenLife(view, container.lives)
  const image = life?.image ?? container.image
  const command = life?.command ?? container.command
  const ended_ms = life?.ended_ms ?? null
  // Of earlier ones nobody says who ran them, where, and within what.
  const isLatest = life === undefined || life === container.lives[0]
  const labels = isLatest ? Object.entries(container.labels) : []
  return (
    <section class="head" aria-label="what it is">
      <div class="head-name">
        <KindBadge kind={container.kind} />
        <h1>
          <Text of={container.name} />
        </h1>
        <StateMark live={container.state === 'live'} />
        <span class="head-id">
          {container.id !== container.name && (
            <code title={visible(container.id)}>
              <Text of={container.short_id ?? container.id} />
            </code>
          )}
          <Copy text={container.id} what="the id" />
        </span>
        {container.lives.length > 1 && <Lives container={container} chosen_ms={Math.floor(life?.began_ms ?? 0)} />}
      </div>
      <dl class="head-facts">
        {image !== null && (
          <Fact name="image">
            <Text of={image} />
          </Fact>
        )}
        {command !== null && (
          <Fact name="command" class="grow">
            <code title={visible(command)}>
              <Text of={command} />
            </code>
          </Fact>
        )}
        <Fact name="host">
          <Text of={life?.host ?? container.host} />
        </Fact>
        <Fact name="began">
          <Time ms={window.began_ms} show={(ms) => clockNear(ms, window.end_ms)} />
        </Fact>
        {ended_ms !== null && (
          <Fact name="ended">
            <Time ms={ended_ms} show={(ms) => clockNear(ms, window.began_ms)} />
          </Fact>
        )}
        <Fact name={ended_ms === null ? 'for' : 'lasted'}>{duration(window.end_ms - window.began_ms)}</Fact>
        {isLatest && <Limits container={container} />}
        {isLatest && container.uid !== null && <Fact name="uid">{container.uid}</Fact>}
        {isLatest && (
          <Fact name="cgroup" class="grow">
            <code title={visible(container.cgroup)}>
              <Text of={container.cgroup} />
            </code>
          </Fact>
        )}
        {labels.length > 0 && (
          <details class="labels">
            <summary>{count(labels.length)} labels</summary>
            <dl>
              {labels.map(([name, value]) => (
                <div key={name}>
                  <dt>
                    <Text of={name} />
                  </dt>
                  <dd>
                    <Text of={value} whole />
                  </dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </dl>
    </section>
  )
}

function Fact({ name, children, class: extra = '' }: { name: string; children: ComponentChildren; class?: string }) {
  return (
    <div class={extra}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Limits({ container }: { container: OneContainer }) {
  const { memory_bytes, cpu_milli, pids } = container.limits
  const limits = [
    memory_bytes === null ? null : bytes(memory_bytes),
    cpu_milli === null ? null : `${threeDigits(cpu_milli / 1000)} CPU`,
    pids === null ? null : `${count(pids)} pids`,
  ].filter((limit) => limit !== null)
  if (limits.length === 0) return null
  return <Fact name="limits">{limits.join(', ')}</Fact>
}

function Lives({ container, chosen_ms }: { container: OneContainer; chosen_ms: number }) {
  const number = container.lives.length
  const choose = (value: string, index: number) =>
    adjust({ life: index === 0 ? null : value, from: null, to: null, range: null })
  return (
    <select
      aria-label="which life of it"
      title="It was started several times"
      value={String(chosen_ms)}
      onChange={(event) => choose(event.currentTarget.value, event.currentTarget.selectedIndex)}
    >
      {container.lives.map((life, index) => (
        <option key={life.began_ms} value={String(Math.floor(life.began_ms))}>
          {`life ${number - index} of ${number}: ${dayAndClock(life.began_ms)}${index === 0 ? ' (latest)' : ''}`}
        </option>
      ))}
    </select>
  )
}
