/**
 * An answer of the server that is kept while its successor is on the way. One request at a time: what is asked meanwhile waits, and
 * only the latest of it is asked. Renewals (a new beat) leave the server time in proportion to what the last one took.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, Problem } from '../api/client.ts'

export interface Answer<T> {
  data: T | null
  problem: Problem | null
  /** The address that `data` is the answer to. */
  url: string | null
}

/** A renewal waits this many times as long as the last request took. */
const REST = 4

/**
 * Asks for `url` (null: for nothing), and again when `beat` changes. `scope` says what the answer is about: when it changes, the
 * old answer is not shown any longer.
 */
export function useAnswer<T>(url: string | null, scope: string, beat: number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T> & { scope: string }>({ data: null, problem: null, url: null, scope })
  const asker = useRef<Asker<T> | null>(null)
  useEffect(() => {
    asker.current = new Asker<T>((url, result) =>
      setAnswer((before) =>
        result instanceof Problem
          ? { ...before, data: before.scope === scope ? before.data : null, problem: result, scope }
          : { data: result, problem: null, url, scope },
      ),
    )
    return () => asker.current?.stop()
  }, [scope])
  useEffect(() => asker.current?.want(url, beat), [url, beat, scope])
  return answer.scope === scope ? answer : { data: null, problem: null, url: null }
}

class Asker<T> {
  private readonly abort = new AbortController()
  private wanted: { url: string; beat: number } | null = null
  private beat = -1
  private busy = false
  private rest_until_ms = 0

  constructor(private readonly tell: (url: string, result: T | Problem) => void) {}

  want(url: string | null, beat: number): void {
    this.wanted = url === null ? null : { url, beat }
    if (!this.busy) void this.work()
  }

  stop(): void {
    this.wanted = null
    this.abort.abort()
  }

  private async work(): Promise<void> {
    this.busy = true
    while (this.wanted !== null) {
      // What the reader did is answered at once; only renewals wait.
      if (this.wanted.beat !== this.beat) await pause(this.rest_until_ms - performance.now(), this.abort.signal)
      const { url, beat } = this.wanted ?? {}
      if (url === undefined || beat === undefined) break
      this.wanted = null
      this.beat = beat
      const began = performance.now()
      try {
        const result = await ask<T>(url, this.abort.signal)
        this.tell(url, result)
      } catch (error) {
        if (this.abort.signal.aborted) return
        if (!(error instanceof Problem)) throw error
        this.tell(url, error)
      }
      this.rest_until_ms = performance.now() + REST * (performance.now() - began)
    }
    this.busy = false
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
