/** Every metric of a process over its whole life, the unknown ones too. */
import type { Totals } from '../api/answers.ts'
import { Known } from '../elements/Known.tsx'
import { KNOWN_METRICS, metricFacts } from '../format/metric.ts'

export function ProcessTotals({ totals }: { totals: Totals }) {
  const names = [...KNOWN_METRICS, ...Object.keys(totals).filter((name) => !KNOWN_METRICS.includes(name))]
  return (
    <section class="panel-part" aria-label="totals">
      <h3>Over its whole life</h3>
      <dl class="totals">
        {names.map((name) => {
          const { label, says, estimated, format } = metricFacts(name)
          return (
            <div key={name} title={says}>
              <dt>
                {label}
                {estimated && (
                  <span class="mark-estimated" title="the kernel's ticks scaled to the exact CPU time">
                    est.
                  </span>
                )}
              </dt>
              <dd>
                <Known value={totals[name]} show={format} />
              </dd>
            </div>
          )
        })}
      </dl>
    </section>
  )
}
