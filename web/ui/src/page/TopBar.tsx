/** The line above every page: where we are, whether it is live, and whether anything is wrong with the recording itself. */
import type { Me } from '../api/answers.ts'
import { Link } from '../elements/Link.tsx'
import { Text } from '../elements/Text.tsx'
import type { Stream } from '../live/stream.ts'
import { hrefTo } from '../view/place.ts'
import { Connection } from './Connection.tsx'
import { Mark } from './Mark.tsx'

interface TopBarProps {
  me: Me
  container: string | null
  stream: Stream
  past: boolean
}

export function TopBar({ me, container, stream, past }: TopBarProps) {
  const everything = me.admin || !me.auth
  const brand = (
    <>
      <Mark />
      <span class="brand-name">Bubble Chamber</span>
    </>
  )
  return (
    <>
      <header class="top">
        {everything ? (
          <Link href={hrefTo({})} class="brand" title="all containers and jobs">
            {brand}
          </Link>
        ) : (
          <span class="brand">{brand}</span>
        )}
        {everything && container !== null && (
          <nav aria-label="where you are">
            <Link href={hrefTo({})}>all containers and jobs</Link>
          </nav>
        )}
        <span class="top-host" title={`version ${me.version}`}>
          <Text of={me.host} />
        </span>
        <Connection stream={stream} past={past} />
      </header>
      {!me.recording && (
        <p class="banner banner-bad" role="alert">
          <b>Not recording.</b> <Text of={me.recording_problem ?? 'The recorder gives no reason.'} whole />
        </p>
      )}
      {me.recording && me.recording_problem !== null && (
        <p class="banner banner-bad" role="alert">
          <b>Recording, at a risk.</b> <Text of={me.recording_problem} whole />
        </p>
      )}
    </>
  )
}
