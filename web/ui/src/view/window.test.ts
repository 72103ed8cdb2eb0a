/** The window follows the container's records, not the clock of whoever looks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OneContainer } from '../api/answers.ts'
import { readView } from './view.ts'
import { moved, windowOf } from './window.ts'

const life = (began_ms: number, ended_ms: number | null) => ({
  host: 'h',
  began_ms,
  ended_ms,
  image: null,
  command: null,
})

function container(lives: ReturnType<typeof life>[], last_record_ms: number): OneContainer {
  const state = lives[0]?.ended_ms === null ? 'live' : 'past'
  return { state, lives, last_record_ms, began_ms: 0, ended_ms: null } as unknown as OneContainer
}

const view = (query: string) => readView(new URLSearchParams(query))

test('a living container shows its last quarter of an hour and follows', () => {
  const shown = windowOf(view(''), container([life(0, null)], 2_000_000), 2_001_000)
  assert.deepEqual([shown.from_ms, shown.to_ms, shown.follows, shown.preset], [1_101_000, 2_001_000, true, '15m'])
})

test('one that has just begun shows at least ten seconds', () => {
  const shown = windowOf(view(''), container([life(5000, null)], 6000), null)
  assert.deepEqual([shown.from_ms, shown.to_ms], [5000, 15_000])
})

test('a past one shows all of its latest life, or of the one that was chosen', () => {
  const both = container([life(500_000, 900_000), life(1000, 60_000)], 900_000)
  const latest = windowOf(view(''), both, null)
  assert.deepEqual([latest.from_ms, latest.to_ms, latest.follows], [500_000, 900_000, false])
  const chosen = windowOf(view('life=1000'), both, null)
  assert.deepEqual([chosen.from_ms, chosen.to_ms], [1000, 60_000])
})

test('a window chosen by hand stays where it is', () => {
  const shown = windowOf(view('from=100&to=200'), container([life(0, null)], 2_000_000), null)
  assert.deepEqual([shown.from_ms, shown.to_ms, shown.follows, shown.preset], [100, 200, false, null])
  assert.deepEqual(moved({ ...shown, from_ms: 10_000, to_ms: 20_000 }, 0.5, 1), { from_ms: 15_000, to_ms: 25_000 })
  assert.deepEqual(moved({ ...shown, from_ms: 10_000, to_ms: 20_000 }, 0, 2), { from_ms: 5000, to_ms: 25_000 })
})

test('nonsense in the address means the default', () => {
  const read = view('container=x&from=9&to=3&res=w&sort=evil&process=..&show=x&view=z&life=-1')
  assert.deepEqual(
    [read.window, read.resolution, read.sort, read.process, read.show, read.shape, read.life_ms],
    [null, 'auto', 'start', null, 'all', 'tree', null],
  )
})
