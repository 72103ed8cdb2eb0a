/** Durations around the places where their unit changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockNear, clockWithin, dayAndClock, duration, durationNs, preciseClock } from './time.ts'

test('a duration is told in its two largest units', () => {
  const told: [number, string][] = [
    [0, '0 s'],
    [0.0001, '<1 µs'],
    [0.25, '250 µs'],
    [2, '2 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1240, '1.24 s'],
    [59_990, '60 s'],
    [60_000, '1 m 00 s'],
    [192_000, '3 m 12 s'],
    [3_599_600, '1 h 00 m'],
    [14_700_000, '4 h 05 m'],
    [273_600_000, '3 d 4 h'],
    [-2000, '−2 s'],
  ]
  for (const [ms, text] of told) assert.equal(duration(ms), text)
  assert.equal(durationNs(1_240_000_000), '1.24 s')
})

test('a time of another day carries its date', () => {
  const noon = new Date(2026, 4, 4, 12, 3, 7, 45).getTime()
  assert.equal(clockNear(noon, noon + 1000), '12:03:07')
  assert.equal(clockNear(noon, noon + 86_400_000), '2026-05-04 12:03:07')
  assert.equal(dayAndClock(noon), '2026-05-04 12:03:07')
  assert.equal(preciseClock(noon), '12:03:07.045')
  assert.equal(clockWithin(noon, noon - 1000, noon + 1000), '12:03:07.045')
  assert.equal(clockWithin(noon, noon - 86_400_000, noon + 1000), '05-04 12:03:07')
  assert.equal(clockWithin(noon, noon + 86_400_000, noon + 86_401_000), '05-04 12:03:07')
})
