/** Every process has its row, whatever its parents; branches sum up what is below them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Process } from '../api/answers.ts'
import { descendants, livedIn, matcher } from './match.ts'
import { comparison } from './order.ts'
import { failed, outcome, ways } from './outcome.ts'
import { flatRows, treeRows } from './tree.ts'

function process(id: string, parent: string | null, more: Partial<Process> = {}): Process {
  const start_ms = Number.parseInt(id, 36)
  return {
    id,
    parent,
    pid: start_ms,
    container_pid: null,
    name: id,
    exe: null,
    args: null,
    start_ms,
    end_ms: null,
    exit_code: null,
    signal: null,
    signal_name: null,
    oom_killed: false,
    core_dumped: false,
    end_unseen: false,
    totals: { cpu_ns: 1 },
    ...more,
  } as Process
}

const family = [
  process('a', null),
  process('b', 'a', { totals: { cpu_ns: 5 } }),
  process('c', 'b'),
  process('d', 'a'),
  process('e', 'gone'),
]
const by_start = { compare: comparison('start', 'asc', 100), by_branch_cpu: null }
const ids = (rows: { process: Process }[]) => rows.map((row) => row.process.id).join('')

test('the tree shows every process, an orphan as a root', () => {
  const rows = treeRows(family, by_start, null, new Set())
  assert.equal(ids(rows), 'abcde')
  assert.deepEqual(
    rows.map((row) => row.depth),
    [0, 1, 2, 1, 0],
  )
  assert.deepEqual(
    rows.map((row) => row.branch_cpu_ns),
    [8, 6, 1, 1, 1],
  )
  assert.deepEqual(
    rows.map((row) => row.branch_size),
    [4, 2, 1, 1, 1],
  )
})

test('a closed branch hides what is below it and keeps its sum', () => {
  const rows = treeRows(family, by_start, null, new Set(['b']))
  assert.equal(ids(rows), 'abde')
  assert.deepEqual([rows[1]?.open, rows[1]?.children, rows[1]?.branch_cpu_ns], [false, 1, 6])
})

test('a match brings its ancestors along, as context', () => {
  const rows = treeRows(family, by_start, matcher('c', 'all'), new Set())
  assert.deepEqual(
    rows.map((row) => [row.process.id, row.context]),
    [
      ['a', true],
      ['b', true],
      ['c', false],
    ],
  )
})

test('brothers by branch', () => {
  const rows = treeRows(family, { ...by_start, by_branch_cpu: 'asc' }, null, new Set())
  assert.equal(ids(rows), 'eadbc')
})

test('a chain of 20,000 is no recursion', () => {
  const chain = Array.from({ length: 20_000 }, (_, n) =>
    process((n + 40).toString(36), n === 0 ? null : (n + 39).toString(36)),
  )
  const rows = treeRows(chain, by_start, null, new Set())
  assert.equal(rows.length, 20_000)
  assert.equal(rows[0]?.branch_size, 20_000)
})

test('what is not known stands last in either order', () => {
  const list = [process('a', null, { totals: {} }), process('b', null), process('c', null, { totals: { cpu_ns: 9 } })]
  assert.equal(ids(flatRows(list, comparison('cpu', 'desc', 0))), 'cba')
  assert.equal(ids(flatRows(list, comparison('cpu', 'asc', 0))), 'bca')
})

test('windows and roots', () => {
  const list = [process('a', null, { end_ms: 15 }), process('b', 'a'), process('k', null)]
  assert.deepEqual(
    livedIn(list, 16, 19).map((p) => p.id),
    ['b'],
  )
  assert.deepEqual(
    descendants(list, 'a').map((p) => p.id),
    ['a', 'b'],
  )
})

test('how it ended', () => {
  const ended = (more: Partial<Process>) => process('a', null, { end_ms: 11, ...more })
  assert.deepEqual(outcome(ended({ exit_code: 0 }), true).tone, 'good')
  assert.deepEqual(outcome(ended({ exit_code: 3 }), true).text, '3')
  assert.deepEqual(outcome(ended({ signal: 9, signal_name: 'SIGKILL' }), true).text, 'SIGKILL')
  assert.deepEqual(outcome(ended({ signal: 9, oom_killed: true }), true).text, 'OOM')
  assert.deepEqual(outcome(process('a', null), true).tone, 'running')
  assert.deepEqual(outcome(process('a', null), false).tone, 'unknown')
  assert.deepEqual(outcome(ended({ end_unseen: true }), true).tone, 'unknown')
  assert.deepEqual([ended({ exit_code: 0 }), ended({ exit_code: 1 }), ended({ signal: 15 }), ended({})].map(failed), [
    false,
    true,
    true,
    false,
  ])
})

test('the ways in which processes failed: the gravest first, and how often', () => {
  const code = (exit_code: number) => process('c', null, { exit_code })
  const signal = (number: number, signal_name: string) => process('s', null, { signal: number, signal_name })
  const oom = process('o', null, { signal: 9, signal_name: 'SIGKILL', oom_killed: true })
  assert.deepEqual(ways([code(1), code(1), signal(11, 'SIGSEGV'), oom]), ['OOM', 'SIGSEGV', 'exit code 1 ×2'])
  assert.deepEqual(ways([code(1), code(2), code(3), code(4)]), ['exit code 1', 'exit code 2', 'exit code 3', '…'])
  assert.deepEqual(ways([]), [])
})
