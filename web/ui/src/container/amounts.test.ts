/** A life's amounts, however much of them is known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LifeInFull, OneContainer } from '../api/answers.ts'
import { amountsOf } from './amounts.ts'

const life = (began_ms: number, processes: number, cpu_ns: number): LifeInFull => ({
  host: 'here',
  began_ms,
  ended_ms: began_ms + 5,
  image: null,
  command: null,
  processes,
  cpu_ns,
})
const [newest, middle, oldest] = [life(30, 1, 100), life(20, 2, 20), life(10, 4, 3)] as const
const all = { lives: [newest, middle, oldest], processes: 9, cpu_ns: 150 } as unknown as OneContainer
const amounts = (...given: Parameters<typeof amountsOf>) => {
  const found = amountsOf(...given)
  return found && [found.processes, found.cpu_ns]
}

test('one life is the whole', () => {
  const one = { lives: [newest], processes: 9, cpu_ns: 150 } as unknown as OneContainer
  assert.deepEqual(amounts(one, null, newest), [9, 150])
})

test('an earlier life is told apart, the latest is what is left, as it grows', () => {
  const apart = [newest, middle, oldest]
  assert.deepEqual(amounts(all, apart, middle), [2, 20])
  assert.deepEqual(amounts(all, apart, oldest), [4, 3])
  assert.deepEqual(amounts(all, apart, newest), [3, 127])
  assert.deepEqual(amounts(all, apart, undefined), [3, 127])
})

test('what is not told yet is unknown', () => {
  assert.equal(amounts(all, null, newest), null)
  assert.equal(amounts(all, [middle], newest), null)
})
