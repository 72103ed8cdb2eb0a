/** Opens the session: token for cookie, then who we are. A refusal says which of the possible reasons it was. */
import type { Me } from '../api/answers.ts'
import { address, ask, openSession, Problem } from '../api/client.ts'
import { type Claims, readClaims, sameContainer } from './claims.ts'
import { takeToken } from './token.ts'

export type RefusalKind =
  | 'container_missing'
  | 'token_missing'
  | 'wrong'
  | 'expired'
  | 'other'
  | 'unknown'
  | 'unreachable'

export interface Refusal {
  kind: RefusalKind
  /** The server's own words, where it said something. */
  detail: string | null
  /** When the token ended, where it says so. */
  expired_ms?: number
  /** The container the token is for, where it says so. */
  allowed?: string
}

export type Entry = { me: Me; refusal?: undefined } | { me?: undefined; refusal: Refusal }

/** Enters with whatever the address or an earlier visit gave us. */
export async function enter(container: string | null): Promise<Entry> {
  const token = takeToken()
  const claims = token === null ? null : readClaims(token)
  try {
    if (token !== null) await openSession(token, container)
    const me = await ask<Me>(address('me', { container }))
    return admit(me, container, claims, token !== null)
  } catch (error) {
    const refusal = explain(error, container, claims, token !== null)
    // The way to the container that the token does open leads over a link without it.
    if (token !== null && refusal.allowed !== undefined) await openSession(token, null).catch(() => undefined)
    return { refusal }
  }
}

function admit(me: Me, container: string | null, claims: Claims | null, came_with_token: boolean): Entry {
  if (!me.auth || me.admin) return { me }
  const allowed = me.container ?? claims?.container ?? null
  if (container === null) {
    return { refusal: { kind: 'container_missing', detail: null, ...(allowed === null ? {} : { allowed }) } }
  }
  if (allowed === null) return { refusal: { kind: came_with_token ? 'wrong' : 'token_missing', detail: null } }
  if (!sameContainer(allowed, container)) {
    return { refusal: { kind: 'other', detail: null, allowed } }
  }
  return { me }
}

/** Why the server refused, with what the token says of itself as the hint which of the reasons it was. */
export function explain(
  error: unknown,
  container: string | null,
  claims: Claims | null,
  came_with_token: boolean,
): Refusal {
  if (!(error instanceof Problem)) throw error
  const detail = error.detail
  if (error.status === 0 || error.status >= 500) return { kind: 'unreachable', detail }
  if (error.status === 404) return { kind: 'unknown', detail }
  if (!came_with_token) {
    return error.status === 403
      ? { kind: 'other', detail }
      : { kind: container === null ? 'container_missing' : 'token_missing', detail }
  }
  const allowed = claims?.container ?? null
  if (claims?.expires_ms != null && claims.expires_ms <= Date.now()) {
    return { kind: 'expired', detail, expired_ms: claims.expires_ms }
  }
  if (allowed !== null && container !== null && !sameContainer(allowed, container)) {
    return { kind: 'other', detail, allowed }
  }
  return { kind: error.status === 403 ? 'other' : 'wrong', detail }
}
