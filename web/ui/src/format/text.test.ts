/** What a hostile process writes into its name must neither vanish nor move its neighbours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandLine, shortened, visible } from './text.ts'

test('control, direction and invisible characters become signs', () => {
  assert.equal(visible('a\u001b[31mred\u0000\n\u007f'), 'a⟨ESC⟩[31mred⟨NUL⟩⟨LF⟩⟨DEL⟩')
  assert.equal(visible('txt\u202eexe'), 'txt⟨RLO⟩exe')
  assert.equal(visible('\u009b1m'), '⟨9b⟩1m')
  assert.equal(visible('pay\u200bload\u{e0041}'), 'pay⟨ZWSP⟩load⟨TAG⟩')
  assert.equal(visible('half \ud83d of a pair'), 'half � of a pair')
})

test('ordinary text of any script is left alone', () => {
  for (const text of ['<img src=x onerror=alert(1)>', 'größe', '日本語', 'مرحبا', '🫧'])
    assert.equal(visible(text), text)
})

test('a command line keeps its arguments apart', () => {
  assert.equal(commandLine(['sh', '-c', 'echo a b']), "sh -c 'echo a b'")
  assert.equal(commandLine(['x', '', "it's"]), "x '' 'it'\\''s'")
})

test('cutting does not split a character', () => {
  assert.equal(shortened('abc', 3), 'abc')
  assert.equal(shortened('ab🫧cdef', 4), 'ab🫧…')
  assert.equal(shortened('ab🫧cdef', 3), 'ab…')
})
