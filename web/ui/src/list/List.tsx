/** The table of containers. CPU now is what was used between the last two answers. */
import { useRef } from 'preact/hooks'
import type { ListedContainer } from '../api/answers.ts'
import { largest } from '../charts/layers.ts'
import { KindBadge } from '../container/KindBadge.tsx'
import { StateMark } from '../container/StateMark.tsx'
import { Known, Unknown } from '../elements/Known.tsx'
import { Link } from '../elements/Link.tsx'
import { Meter } from '../elements/Meter.tsx'
import { Text } from '../elements/Text.tsx'
import { Time } from '../elements/Time.tsx'
import { bytes, count, cpuShare } from '../format/amount.ts'
import { visible } from '../format/text.ts'
import { clockNear, duration, durationNs } from '../format/time.ts'
import { hrefTo } from '../view/place.ts'

export function List({ containers }: { containers: ListedContainer[] }) {
  const rates = useRates(containers)
  const most = largest(containers.map((one) => one.peak_rss_bytes))
  return (
    <div class="table-scroll">
      <table class="list">
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col" class="wide">
              image or command
            </th>
            <th scope="col">state</th>
            <th scope="col" class="medium">
              began
            </th>
            <th scope="col" class="number">
              duration
            </th>
            <th scope="col" class="number" title="CPU used at this moment; 100 % is one CPU">
              CPU now
            </th>
            <th scope="col" class="number medium" title="CPU time of all its processes, over all its lives">
              CPU time
            </th>
            <th scope="col" class="number spare">
              memory
            </th>
            <th
              scope="col"
              class="number medium"
              title="the most memory that one of its processes held by itself, in any of its lives; the container's page shows the highest of all together"
            >
              largest process
            </th>
            <th scope="col" class="number medium" title="running / recorded">
              processes
            </th>
            <th
              scope="col"
              class="number"
              title="processes that ended with another exit code than 0, by a signal or out of memory, in any of its lives"
            >
              failed
            </th>
          </tr>
        </thead>
        <tbody>
          {containers.map((one) => (
            <Entry
              key={one.id}
              of={one}
              cpu_ns_per_s={rates.get(one.id) ?? null}
              most={most !== null && one.peak_rss_bytes === most}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface EntryProps {
  of: ListedContainer
  cpu_ns_per_s: number | null
  /** No process of another one held more memory. */
  most: boolean
}

function Entry({ of: one, cpu_ns_per_s, most }: EntryProps) {
  const live = one.state === 'live'
  const what = one.image ?? one.command
  const end_ms = one.ended_ms ?? one.last_record_ms
  return (
    <tr class={live ? 'live' : 'past'}>
      <td class="list-name">
        <KindBadge kind={one.kind} />
        <Link href={hrefTo({ container: one.id })} title={visible(one.id)}>
          <Text of={one.name} />
          {one.id !== one.name && (
            <span class="list-id">
              <Text of={one.short_id ?? one.id} />
            </span>
          )}
        </Link>
        {one.lives > 1 && (
          <span class="count" title={`it was started ${one.lives} times`}>
            ×{one.lives}
          </span>
        )}
      </td>
      <td class="wide list-what" title={what === null ? undefined : visible(what)}>
        <Known value={what} show={(text) => <Text of={text} />} />
      </td>
      <td>
        <StateMark live={live} />
      </td>
      <td class="medium">
        <Time ms={one.began_ms} show={(ms) => clockNear(ms, Date.now())} />
      </td>
      <td class="number">{duration(Math.max(0, end_ms - one.began_ms))}</td>
      <td class="number">{live ? <Known value={cpu_ns_per_s} show={cpuShare} /> : <Unknown says="it has ended" />}</td>
      <td class="number medium">{durationNs(one.cpu_ns)}</td>
      <td class="number spare">
        {live ? (
          <Known
            value={one.rss_bytes}
            show={(rss) => (
              <>
                {bytes(rss)}
                <Meter value={rss} of={one.limits.memory_bytes} format={bytes} />
              </>
            )}
          />
        ) : (
          <Unknown says="it has ended" />
        )}
      </td>
      <td
        class={`number medium list-peak ${most ? 'list-most' : ''}`}
        title={most ? 'the largest of these' : undefined}
      >
        <Known value={one.peak_rss_bytes} show={bytes} />
      </td>
      <td class="number medium">
        {live && <b>{count(one.open_processes)}</b>}
        {live && <span class="dim"> / </span>}
        {count(one.processes)}
      </td>
      <td class="number list-failed">
        {one.failed_processes > 0 ? <b class="exit-failed">{count(one.failed_processes)}</b> : 0}
      </td>
    </tr>
  )
}

interface Seen {
  at_ms: number
  cpu_ns: number
  rate: number | null
}

/** CPU nanoseconds per second of each container, from how its total grew since the answer before. */
function useRates(containers: ListedContainer[]): Map<string, number | null> {
  const seen = useRef(new Map<string, Seen>())
  const rates = new Map<string, number | null>()
  for (const { id, last_record_ms, cpu_ns } of containers) {
    let now = seen.current.get(id)
    if (now === undefined) now = { at_ms: last_record_ms, cpu_ns, rate: null }
    else if (last_record_ms > now.at_ms) {
      const rate = ((cpu_ns - now.cpu_ns) / (last_record_ms - now.at_ms)) * 1000
      now = { at_ms: last_record_ms, cpu_ns, rate: Math.max(0, rate) }
    }
    seen.current.set(id, now)
    rates.set(id, now.rate)
  }
  return rates
}
