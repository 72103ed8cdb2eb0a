/**
 * Takes the token out of the address before anything else runs: this is the first import of main.tsx, and what it leaves in the
 * address bar, the history and every later link holds no token. The exchange for a cookie is left to session.ts.
 */

const url = new URL(window.location.href)
const token = url.searchParams.get('token')
if (token !== null) {
  url.searchParams.delete('token')
  window.history.replaceState(null, '', url)
}

let untaken = token

/** The token that the page was opened with; a second call gets nothing. */
export function takeToken(): string | null {
  const taken = untaken
  untaken = null
  return taken
}
