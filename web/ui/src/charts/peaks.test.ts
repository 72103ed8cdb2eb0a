/** The legend's highest memory is the kernel's, where that was within the window. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Process, Usage } from '../api/answers.ts'
import { layersOf } from './layers.ts'
import { mostHeld, peaksIn } from './peaks.ts'

const MIB = 1024 * 1024

function process(id: string, entered_ms: number, end_ms: number | null, peak: number | null): Process {
  return { id, entered_ms, end_ms, last_sample_ms: 4000, totals: { peak_rss_bytes: peak } } as unknown as Process
}

/** Step means: a process that lived for a third of one has a third of what it held. */
const usage = {
  step_ms: 1000,
  times_ms: [0],
  total: { mean: [30 * MIB], min: [0], max: [64 * MIB] },
  series: ['killed', 'before', 'after', 'lives', 'unknown', 'others'].map((process) => {
    return { process, pid: process === 'others' ? null : 1, name: process, sum: 1, mean: [20 * MIB] }
  }),
} as unknown as Usage

const processes = [
  process('killed', 100, 400, 60 * MIB),
  process('before', 99, 400, 60 * MIB),
  process('after', 100, 5001, 60 * MIB),
  process('lives', 100, null, 61 * MIB),
  process('unknown', 100, 400, null),
  process('not drawn', 100, 400, 62 * MIB),
]

test('peaks are told of whole lives', () => {
  const peaks = peaksIn(usage, processes, 100, 5000)
  assert.deepEqual([...peaks.keys()], ['killed', 'lives'])
})

test('the most of a layer is the peak where it is known, else the highest step', () => {
  const peaks = peaksIn(usage, processes, 100, 5000)
  const most = layersOf(usage).map((layer) => (mostHeld(layer, peaks).bytes ?? 0) / MIB)
  assert.deepEqual(most, [60, 20, 20, 61, 20, 20])
})
