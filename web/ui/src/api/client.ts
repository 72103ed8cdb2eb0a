/** Asks the server, and turns whatever goes wrong into one kind of error. What to show for it is left to the pages. */

const root = new URL('../api/v1/', document.baseURI)

export type Parameters = Record<string, string | number | null | undefined>

/** Why there is no answer. `status` 0: the server could not be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail)
  }
}

/** The address of a route; parameters that are null or undefined are left out. */
export function address(route: string, parameters: Parameters = {}): string {
  const url = new URL(route, root)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

/** The route of a container; an id may hold slashes. */
export function containerRoute(id: string, rest = ''): string {
  return `containers/${encodeURIComponent(id)}${rest}`
}

/** The answer of an address that `address` made. */
export async function ask<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, signal ? { signal } : {})
  return (await response.json()) as T
}

/** Exchanges a token for a cookie that no script can read. */
export async function openSession(token: string, container: string | null): Promise<void> {
  await send(address('session'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(container === null ? { token } : { token, container }),
  })
}

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem(0, 'no connection', 'the server does not answer')
  }
  if (!response.ok) throw await problemOf(response)
  return response
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = `the server answered ${response.status}`
  try {
    const body = (await response.json()) as { title?: unknown; detail?: unknown }
    return new Problem(response.status, String(body.title ?? fallback), String(body.detail ?? fallback))
  } catch {
    return new Problem(response.status, fallback, fallback)
  }
}
