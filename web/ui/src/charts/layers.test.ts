/** Gaps stay gaps, absent processes add nothing, and the cursor finds the band it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Usage } from '../api/answers.ts'
import { assignColours, COLOURS, colourVariable } from './colours.ts'
import { indexAt, largest, layerAt, layersOf } from './layers.ts'

const usage = {
  step_ms: 1000,
  times_ms: [0, 1000, 2000, 5000],
  total: { mean: [3, null, 4, 1], min: [], max: [] },
  series: [
    { process: 'a', pid: 1, name: 'a', sum: 3, mean: [2, null, null, 1] },
    { process: 'others', pid: null, name: 'others', sum: 5, mean: [1, null, 4, null] },
  ],
} as unknown as Usage

test('layers stack and leave gaps', () => {
  const [a, others] = layersOf(usage)
  assert.deepEqual(a?.upper, [2, null, 0, 1])
  assert.deepEqual(others?.lower, [2, null, 0, 1])
  assert.deepEqual(others?.upper, [3, null, 4, 1])
})

test('a time is looked up in the step that holds it', () => {
  assert.deepEqual(
    [-1, 0, 999, 1000, 2999, 3000, 5500, 6000].map((at) => indexAt(usage, at)),
    [-1, 0, 0, 1, 2, -1, 3, -1],
  )
})

test('the band under a value', () => {
  const layers = layersOf(usage)
  assert.equal(layerAt(layers, 0, 1)?.process, 'a')
  assert.equal(layerAt(layers, 0, 2)?.process, 'others')
  assert.equal(layerAt(layers, 0, 9), null)
  assert.equal(layerAt(layers, 1, 0), null)
})

test('the largest of nothing is not zero', () => {
  assert.equal(largest([null, 2, 7, null]), 7)
  assert.equal(largest([null]), null)
})

test('a process keeps its colour, and a chart repeats none before all are used', () => {
  const first = Array.from({ length: COLOURS }, (_, n) => `p${n}`)
  assignColours(first)
  const before = first.map(colourVariable)
  assert.equal(new Set(before).size, COLOURS)
  assignColours(['new', ...first.slice(0, 5)])
  assert.deepEqual(first.map(colourVariable), before)
  assert.ok(!before.slice(0, 5).includes(colourVariable('new')))
})
