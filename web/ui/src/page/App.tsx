/** Who we are decides what there is to see: the list, a container, or why neither. */
import { useEffect, useState } from 'preact/hooks'
import type { Me } from '../api/answers.ts'
import { ContainerPage } from '../container/ContainerPage.tsx'
import { ListPage } from '../list/ListPage.tsx'
import { useMe, useStream } from '../live/connection.ts'
import type { Refusal } from '../session/session.ts'
import { enter } from '../session/session.ts'
import { usePlace } from '../view/place.ts'
import { readView } from '../view/view.ts'
import { Refused } from './Refused.tsx'
import { TopBar } from './TopBar.tsx'

export function App() {
  const place = usePlace()
  const container = place.get('container') || null
  const [me, setMe] = useState<Me | null>(null)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  useEffect(() => {
    let left = false
    // Who may see everything need not ask again for each container.
    if (me !== null && (me.admin || !me.auth)) return
    setRefusal(null)
    enter(container).then((entry) => {
      if (left) return
      setMe(entry.me ?? null)
      setRefusal(entry.refusal ?? null)
    })
    return () => {
      left = true
    }
  }, [container])
  if (refusal !== null) return <Refused refusal={refusal} container={container} />
  if (me === null) return <p class="waiting">opening…</p>
  return <Shown key={container ?? ''} me={me} container={container} place={place} />
}

function Shown({ me, container, place }: { me: Me; container: string | null; place: URLSearchParams }) {
  const { stream, beat } = useStream(container)
  const now = useMe(me, container, stream)
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [past, setPast] = useState(false)
  if (stream === null) return null
  if (refusal !== null) return <Refused refusal={refusal} container={container} />
  return (
    <>
      <TopBar me={now} container={container} stream={stream} past={past} />
      {container === null ? (
        <ListPage place={place} beat={beat} />
      ) : (
        <ContainerPage view={readView(place)} beat={beat} onRefused={setRefusal} onPast={setPast} />
      )}
    </>
  )
}
