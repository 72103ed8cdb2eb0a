/** A value, or a dash where it is not known: unknown is not zero. */
import type { ComponentChildren } from 'preact'

interface KnownProps<T> {
  value: T | null | undefined
  show: (value: T) => ComponentChildren
}

export function Known<T>({ value, show }: KnownProps<T>) {
  if (value === null || value === undefined) return <Unknown />
  return <>{show(value)}</>
}

export function Unknown({ says = 'not known' }: { says?: string }) {
  return (
    <span class="unknown" title={says}>
      –<span class="unseen"> {says}</span>
    </span>
  )
}
