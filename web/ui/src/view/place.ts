/** Where the page is: the query of its address holds the whole view, so that a link shows what its sender saw. */
import { Observed, useObserved } from './observed.ts'

const place = new Observed(window.location.search)
window.addEventListener('popstate', () => place.set(window.location.search))

export type Change = Record<string, string | null>

/** The address with some parameters changed; null removes one. */
export function hrefWith(change: Change): string {
  const query = new URLSearchParams(place.get())
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(name)
    else query.set(name, value)
  }
  return hrefOf(query)
}

/** The address with these parameters alone. */
export function hrefTo(parameters: Record<string, string>): string {
  return hrefOf(new URLSearchParams(parameters))
}

function hrefOf(query: URLSearchParams): string {
  const text = query.toString()
  return window.location.pathname + (text === '' ? '' : `?${text}`)
}

/** A step that the Back button undoes. */
export function go(href: string): void {
  window.history.pushState(null, '', href)
  place.set(window.location.search)
}

/** A change that is not worth a step of its own: a sort order, a letter typed into a search. */
export function adjust(change: Change): void {
  window.history.replaceState(null, '', hrefWith(change))
  place.set(window.location.search)
}

/** The parameters of the address, drawn again when they change. */
export function usePlace(): URLSearchParams {
  return new URLSearchParams(useObserved(place))
}
