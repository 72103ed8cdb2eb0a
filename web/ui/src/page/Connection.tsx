/** Whether what is shown is what is: one word at the edge of the page, and a banner only when the reader must do something. */
import { useEffect, useState } from 'preact/hooks'
import { clock, duration } from '../format/time.ts'
import type { Beat, Stream, StreamState } from '../live/stream.ts'
import { useObserved } from '../view/observed.ts'

/** A living container is heard of every second; longer than this is worth a word. */
const STALE_MS = 10_000

export function Connection({ stream, past }: { stream: Stream; past: boolean }) {
  const state = useObserved(stream.state)
  const beat = useObserved(stream.beat)
  const now_ms = useClock()
  const { tone, text, says } = describe(state, beat, past, now_ms)
  return (
    <span class={`connection ${tone}`} role="status" title={says}>
      <i aria-hidden="true" />
      {text}
    </span>
  )
}

interface Description {
  tone: 'live' | 'waiting' | 'still' | 'bad'
  text: string
  says: string
}

function describe(state: StreamState, beat: Beat, past: boolean, now_ms: number): Description {
  const since = clock(beat.heard_ms)
  switch (state) {
    case 'connecting':
      return { tone: 'waiting', text: 'connecting', says: 'opening the live stream' }
    case 'hidden':
      return { tone: 'still', text: 'paused', says: 'the live stream is closed while nobody can see the page' }
    case 'expired':
      return { tone: 'bad', text: 'link expired', says: `what is shown is of ${since}; open a new link to go on` }
    case 'reconnecting':
      return {
        tone: 'bad',
        text: `reconnecting, as of ${since}`,
        says: 'the server does not answer; the page keeps trying',
      }
    case 'live':
      if (past)
        return {
          tone: 'still',
          text: 'ended',
          says: 'this container has ended; the page would notice if it began again',
        }
      if (beat.until_ms !== null && now_ms - beat.heard_ms > STALE_MS) {
        // In tens of seconds: a reader who listens is not told every second.
        const silence = duration(Math.floor((now_ms - beat.heard_ms) / 10_000) * 10_000)
        return {
          tone: 'waiting',
          text: `nothing new for ${silence}`,
          says: `the server answers, the last record came at ${since}`,
        }
      }
      return { tone: 'live', text: 'live', says: 'shown as it happens' }
  }
}

/** The reader's clock, by which silence is measured. */
function useClock(): number {
  const [now_ms, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now_ms
}
