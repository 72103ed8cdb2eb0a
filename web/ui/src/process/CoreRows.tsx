/** A process's CPU core by core: one row of bars for each core that it used, full height being all of that core. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Cores, CoreUsage } from '../api/answers.ts'
import { address, containerRoute } from '../api/client.ts'
import { colourVariable } from '../charts/colours.ts'
import { colour, onSchemeChange } from '../charts/theme.ts'
import { cpuShare } from '../format/amount.ts'
import { durationNs } from '../format/time.ts'
import { useAnswer } from '../live/answer.ts'

interface CoreRowsProps {
  container: string
  process: string
  resolution: string
  from_ms: number
  to_ms: number
  beat: number
}

export function CoreRows({ container, process, resolution, from_ms, to_ms, beat }: CoreRowsProps) {
  const url = address(containerRoute(container, `/processes/${process}/cpus`), {
    resolution,
    from: from_ms,
    to: to_ms,
    points: 150,
  })
  const { data: cores } = useAnswer<Cores>(url, `${container} ${process} cores`, beat)
  // Nothing to tell apart: it was not counted, or the process has used none here.
  if (cores === null || cores.cpus.length === 0) return null
  return (
    <section aria-label="its CPU by core">
      <h3>
        CPU by core <span class="dim">time in this window</span>
      </h3>
      <ul class="cores">
        {cores.cpus.map((core) => (
          <Row key={core.cpu} core={core} cores={cores} process={process} from_ms={from_ms} to_ms={to_ms} />
        ))}
      </ul>
    </section>
  )
}

interface RowProps {
  core: CoreUsage
  cores: Cores
  process: string
  from_ms: number
  to_ms: number
}

function Row({ core, cores, process, from_ms, to_ms }: RowProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [scheme, setScheme] = useState(0)
  useEffect(() => onSchemeChange(() => setScheme((before) => before + 1)), [])
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current, core, cores, colourVariable(process), from_ms, to_ms)
  }, [core, cores, process, from_ms, to_ms, scheme])
  const highest = core.mean.reduce((most, value) => Math.max(most, value), 0)
  const time = durationNs(core.sum)
  return (
    <li title={`core ${core.cpu}: ${time} of CPU time in this window, at most ${cpuShare(highest)} of this core`}>
      <span class="core-name">{core.cpu}</span>
      <canvas ref={canvas} />
      <span class="core-time">{time}</span>
    </li>
  )
}

/** All of a core: a second in a second. */
const WHOLE_NS = 1e9

function paint(
  canvas: HTMLCanvasElement,
  core: CoreUsage,
  cores: Cores,
  variable: string,
  from_ms: number,
  to_ms: number,
): void {
  const width = canvas.clientWidth * devicePixelRatio
  const height = canvas.clientHeight * devicePixelRatio
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (context === null) return
  const x = (at_ms: number) => ((at_ms - from_ms) / (to_ms - from_ms)) * width
  context.fillStyle = colour(variable)
  core.mean.forEach((value, at) => {
    const begins_ms = cores.times_ms[at]
    if (begins_ms === undefined || value === 0) return
    const left = Math.max(0, x(begins_ms))
    const right = Math.min(width, x(begins_ms + cores.step_ms))
    // However little it was, it is there.
    const bar = Math.max(devicePixelRatio, Math.min(1, value / WHOLE_NS) * height)
    context.fillRect(left, height - bar, Math.max(devicePixelRatio, right - left), bar)
  })
}
