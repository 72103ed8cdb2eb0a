/** The page for those who may not see what they asked for: which reason it was, and what to do about it. */
import type { ComponentChildren } from 'preact'
import { Link } from '../elements/Link.tsx'
import { Text } from '../elements/Text.tsx'
import { dayAndClock } from '../format/time.ts'
import type { Refusal } from '../session/session.ts'
import { hrefTo } from '../view/place.ts'
import { Mark } from './Mark.tsx'

interface Words {
  title: string
  what: ComponentChildren
  /** What helps; a command where one does. */
  help: ComponentChildren
  command?: string
}

export function Refused({ refusal, container }: { refusal: Refusal; container: string | null }) {
  const { title, what, help, command } = words(refusal, container)
  return (
    <main class="refused" data-refusal={refusal.kind}>
      <Mark />
      <h1>{title}</h1>
      <p>{what}</p>
      <p>{help}</p>
      {command !== undefined && (
        <pre>
          <Text of={command} />
        </pre>
      )}
      {refusal.detail !== null && (
        <p class="refused-detail">
          The server says: <Text of={refusal.detail} />
        </p>
      )}
    </main>
  )
}

function words(refusal: Refusal, container: string | null): Words {
  const id = container === null ? null : <Text of={container} />
  const command = mint(container)
  const ask = 'Ask whoever gave you the link for a new one. On the machine that records, this prints a token:'
  switch (refusal.kind) {
    case 'container_missing':
      return {
        title: 'Which container?',
        what: (
          <>
            The address lacks <code>container=…</code>, the id of a container or job.
          </>
        ),
        help:
          refusal.allowed === undefined ? (
            'Open the whole link you were given. The list of all containers needs an administrator’s token, which this prints on the machine that records:'
          ) : (
            <>
              Your token is for{' '}
              <Link href={hrefTo({ container: refusal.allowed })}>
                <Text of={refusal.allowed} />
              </Link>
              .
            </>
          ),
        ...(refusal.allowed === undefined ? { command: mint(null) } : {}),
      }
    case 'token_missing':
      return {
        title: 'This needs a token',
        what: (
          <>
            To see {id}, open the link that was made for it: it ends with <code>token=…</code>. A visit through it is
            remembered until the token ends.
          </>
        ),
        help: ask,
        command,
      }
    case 'wrong':
      return {
        title: 'This token is not valid',
        what: 'It was not signed by this server, or was damaged on the way: a link that was cut by a mail program, perhaps, or a server that has a new secret.',
        help: ask,
        command,
      }
    case 'expired':
      return {
        title: 'This link has expired',
        what:
          refusal.expired_ms === undefined ? (
            'Its token is no longer valid.'
          ) : (
            <>Its token was good until {dayAndClock(refusal.expired_ms)}.</>
          ),
        help: ask,
        command,
      }
    case 'other':
      return {
        title: 'This token is for another container',
        what:
          refusal.allowed === undefined ? (
            <>It does not open {id}.</>
          ) : (
            <>
              It opens{' '}
              <Link href={hrefTo({ container: refusal.allowed })}>
                <Text of={refusal.allowed} />
              </Link>
              , not {id}.
            </>
          ),
        help: ask,
        command,
      }
    case 'unknown':
      return {
        title: 'No such container',
        what: <>Nothing was ever recorded under the id {id}.</>,
        help: 'Check the id for what may have been cut off. A job’s id has the form job_123; a Docker id may be given whole or by its first 12 digits.',
      }
    case 'unreachable':
      return {
        title: 'The server does not answer',
        what: 'The page was loaded, but what it asked for after that did not arrive.',
        help: (
          <>
            Try to <a href={window.location.href}>load it again</a>; if that does not help, see whether{' '}
            <code>bubble-chamber up</code> runs.
          </>
        ),
      }
  }
}

function mint(container: string | null): string {
  const whose =
    container === null
      ? '--admin'
      : `--container ${/^[\w.-]+$/.test(container) ? container : `'${container.replaceAll("'", "'\\''")}'`}`
  return `bubble-chamber token ${whose} --for 2d`
}
