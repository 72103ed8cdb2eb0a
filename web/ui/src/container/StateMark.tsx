/** Living or past, as a dot and a word. */
export function StateMark({ live }: { live: boolean }) {
  return (
    <span class={`state ${live ? 'state-live' : 'state-past'}`}>
      <i aria-hidden="true" />
      {live ? 'live' : 'past'}
    </span>
  )
}
