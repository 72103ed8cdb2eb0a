/** Scales end on round values above the data. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Usage } from '../api/answers.ts'
import { ioHeights, memoryHeights, roundUp } from './heights.ts'

test('round values', () => {
  assert.deepEqual(
    [0, 1, 1.1, 97, 101, 990].map((v) => roundUp(v, 1000)),
    [0, 1, 1.25, 100, 125, 1000],
  )
  assert.equal(roundUp(300 * 2 ** 20, 1024), 300 * 2 ** 20)
  assert.equal(roundUp(1.1 * 2 ** 30, 1024), 1.25 * 2 ** 30)
})

const memory = (max: number) => ({ total: { max: [max], mean: [max], min: [max] } }) as unknown as Usage

test('a memory limit is in the picture when it is near', () => {
  assert.equal(memoryHeights(memory(2 ** 30), 2 ** 31).highest, 2 ** 31 * 1.06)
  assert.equal(memoryHeights(memory(2 ** 20), 2 ** 40).highest, 1.25 * 2 ** 20)
})

test('both sides of block I/O have room', () => {
  const usage = { total: { read: [10 * 2 ** 20], write: [null] } } as unknown as Usage
  const { lowest, highest } = ioHeights(usage)
  assert.ok(highest >= 10 * 2 ** 20 && lowest === -highest / 5)
})
