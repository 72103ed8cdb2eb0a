/**
 * The one event stream of the page: open while the page can be seen, opened again when it was lost. What to ask for after a tick is
 * left to whoever watches `beat`.
 */
import type { Bye, Tick } from '../api/answers.ts'
import { address, ask, Problem } from '../api/client.ts'
import { Observed } from '../view/observed.ts'

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'hidden' | 'expired'

export interface Beat {
  /** Counts what is worth a new look: ticks, and each time the stream was opened again. */
  number: number
  /** The latest record announced, ms; null before the first tick. */
  until_ms: number | null
  /** How often the list of containers has changed. */
  lists: number
  /** When the page heard of it, by its own clock. */
  heard_ms: number
}

/** Waits between attempts where the browser itself gave up. */
const RETRY_MS = [1000, 2000, 5000, 10_000]

export class Stream {
  readonly state = new Observed<StreamState>('connecting')
  readonly beat = new Observed<Beat>({ number: 0, until_ms: null, lists: 0, heard_ms: Date.now() })
  private source: EventSource | null = null
  private retry: ReturnType<typeof setTimeout> | undefined
  private failures = 0

  constructor(private readonly container: string | null) {
    document.addEventListener('visibilitychange', this.seen)
    this.seen()
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.seen)
    this.stop()
  }

  private readonly seen = () => {
    if (document.hidden) {
      this.stop()
      if (this.state.get() !== 'expired') this.state.set('hidden')
    } else if (this.source === null && this.state.get() !== 'expired') {
      this.open()
    }
  }

  private open(): void {
    this.stop()
    const source = new EventSource(address('stream', { container: this.container }))
    this.source = source
    this.state.set(this.failures === 0 ? 'connecting' : 'reconnecting')
    source.addEventListener('open', () => {
      this.failures = 0
      this.state.set('live')
      this.heard({})
    })
    source.addEventListener('tick', (event) => {
      const tick = JSON.parse((event as MessageEvent<string>).data) as Tick
      const lists = this.beat.get().lists + (tick.containers_changed ? 1 : 0)
      this.heard({ until_ms: Math.max(tick.until_ms, this.beat.get().until_ms ?? 0), lists })
    })
    source.addEventListener('bye', (event) => {
      const { why } = JSON.parse((event as MessageEvent<string>).data) as Bye
      if (why === 'expired') {
        this.stop()
        this.state.set('expired')
      }
    })
    source.addEventListener('error', () => {
      this.state.set('reconnecting')
      if (source.readyState === EventSource.CLOSED) this.again()
    })
  }

  private heard(news: Partial<Beat>): void {
    const before = this.beat.get()
    this.beat.set({ ...before, ...news, number: before.number + 1, heard_ms: Date.now() })
  }

  /** The browser does not retry after an answer that is no stream: a proxy's 502, a session that is over. */
  private again(): void {
    this.stop()
    const wait_ms = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]
    this.failures += 1
    this.retry = setTimeout(() => this.open(), wait_ms)
    void this.admitted()
  }

  /** Stops trying where trying is useless: nobody lets us in any more. */
  private async admitted(): Promise<void> {
    try {
      await ask(address('me', { container: this.container }))
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) return
      this.stop()
      this.state.set('expired')
    }
  }

  private stop(): void {
    clearTimeout(this.retry)
    this.source?.close()
    this.source = null
  }
}
