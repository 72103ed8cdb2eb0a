/** What a process ran, one exec after the other. */
import type { Exec } from '../api/answers.ts'
import { Unknown } from '../elements/Known.tsx'
import { Text } from '../elements/Text.tsx'
import { Time } from '../elements/Time.tsx'
import { preciseClock } from '../format/time.ts'
import { Arguments } from '../processes/Arguments.tsx'

export function ExecHistory({ execs }: { execs: Exec[] }) {
  return (
    <section class="panel-part" aria-label="what it executed">
      <h3>What it executed</h3>
      {execs.length === 0 && <Unknown says="what it ran is not known" />}
      <ol class="execs">
        {execs.map((exec, index) => (
          <li key={`${exec.at_ms} ${index}`}>
            <Time ms={exec.at_ms} show={preciseClock} />{' '}
            <b>
              <Text of={exec.name} />
            </b>
            {exec.exe !== null && (
              <span class="dim exec-exe">
                <Text of={exec.exe} whole />
              </span>
            )}
            <code>
              <Arguments of={exec} whole />
            </code>
          </li>
        ))}
      </ol>
    </section>
  )
}
