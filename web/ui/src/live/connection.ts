/** The page's event stream and what the server says of itself, as hooks. */
import { useEffect, useState } from 'preact/hooks'
import type { Me } from '../api/answers.ts'
import { address, ask } from '../api/client.ts'
import { type Beat, Stream } from './stream.ts'

const SILENT: Beat = { number: 0, until_ms: null, lists: 0, heard_ms: 0 }

/** The stream of a container, or of the list, while the component stands. */
export function useStream(container: string | null): { stream: Stream | null; beat: Beat } {
  const [stream, setStream] = useState<Stream | null>(null)
  const [beat, setBeat] = useState(SILENT)
  useEffect(() => {
    const opened = new Stream(container)
    setStream(opened)
    const forget = opened.beat.watch(setBeat)
    return () => {
      forget()
      opened.close()
    }
  }, [container])
  return { stream, beat }
}

const LOOK_EVERY_MS = 10_000

/** Whether the server still records, looked up now and then and whenever the stream came back. */
export function useMe(me: Me, container: string | null, stream: Stream | null): Me {
  const [now, setNow] = useState(me)
  useEffect(() => {
    if (stream === null) return
    const look = () => {
      // A failure here is the stream's failure too, and is told there.
      if (stream.state.get() === 'live') ask<Me>(address('me', { container })).then(setNow, () => undefined)
    }
    const timer = setInterval(look, LOOK_EVERY_MS)
    const forget = stream.state.watch(look)
    return () => {
      clearInterval(timer)
      forget()
    }
  }, [stream, container])
  return now
}
