/**
 * Reads what a token says about itself, only to explain a refusal: the signature is the server's business, and nothing is allowed
 * because of what is read here.
 */

export interface Claims {
  container: string | null
  admin: boolean
  expires_ms: number | null
}

/** The claims of a token, or null for what is no JWT at all. */
export function readClaims(token: string): Claims | null {
  const payload = token.split('.')[1]
  if (payload === undefined) return null
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    return {
      container: typeof claims.container === 'string' ? claims.container : null,
      admin: claims.admin === true,
      expires_ms: typeof claims.exp === 'number' ? claims.exp * 1000 : null,
    }
  } catch {
    return null
  }
}

/** Whether two ids name the same container: a 64-digit id is also known by its first 12 digits. */
export function sameContainer(one: string, other: string): boolean {
  if (one === other) return true
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return short.length === 12 && /^[0-9a-f]{64}$/i.test(long) && long.startsWith(short)
}
