/** The amounts that users compare with other tools. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, counted, cpuShare, threeDigits } from './amount.ts'

test('bytes', () => {
  assert.equal(bytes(0), '0 B')
  assert.equal(bytes(1023), '1023 B')
  assert.equal(bytes(1024), '1 KiB')
  assert.equal(bytes(1536), '1.5 KiB')
  assert.equal(bytes(300 * 1024 * 1024), '300 MiB')
  assert.equal(bytes(1024 ** 3 - 1), '1 GiB')
  assert.equal(bytes(2 ** 63), '8 EiB')
})

test('one CPU is 100 %', () => {
  assert.equal(cpuShare(1e9), '100 %')
  assert.equal(cpuShare(12.34e9), '1,234 %')
  assert.equal(cpuShare(15.3e6), '1.5 %')
  assert.equal(cpuShare(0), '0 %')
  assert.equal(cpuShare(1000), '<0.1 %')
})

test('three digits keep whole numbers whole', () => {
  assert.deepEqual([100, 120, 99.96, 9.996, 1.5, 0.25].map(threeDigits), ['100', '120', '100', '10', '1.5', '0.25'])
})

test('plural', () => {
  assert.equal(counted(1, 'process', 'processes'), '1 process')
  assert.equal(counted(5001, 'process', 'processes'), '5,001 processes')
})
