/** What a container's page shows, read from the parameters of its address. Anything malformed there means the default. */

export const PRESETS = ['5m', '15m', '1h', 'all'] as const
export type Preset = (typeof PRESETS)[number]
export const RESOLUTIONS = ['auto', 's', 'm', 'h', 'd'] as const
export type Resolution = (typeof RESOLUTIONS)[number]
export const SORTS = ['start', 'name', 'pid', 'uid', 'duration', 'cpu', 'rss', 'read', 'write', 'exit'] as const
export type Sort = (typeof SORTS)[number]
export type Order = 'asc' | 'desc'
export type Shape = 'tree' | 'table'
export type Show = 'all' | 'failed' | 'running'

export interface View {
  container: string
  /** Only the process of this name and what descends from it. */
  root: string | null
  /** When the chosen life began; null: the latest. */
  life_ms: number | null
  /** A window that was chosen by hand; null: the preset. */
  window: { from_ms: number; to_ms: number } | null
  preset: Preset | null
  resolution: Resolution
  shape: Shape
  sort: Sort
  order: Order
  search: string
  show: Show
  process: string | null
}

/** The view that an address asks for. */
export function readView(query: URLSearchParams): View {
  const from_ms = milliseconds(query.get('from'))
  const to_ms = milliseconds(query.get('to'))
  const shape = oneOf(query.get('view'), ['tree', 'table'] as const) ?? 'tree'
  const sort = oneOf(query.get('sort'), SORTS) ?? (shape === 'tree' ? 'start' : 'cpu')
  const process = query.get('process')
  return {
    container: query.get('container') ?? '',
    root: query.get('root') || null,
    life_ms: milliseconds(query.get('life')),
    window: from_ms !== null && to_ms !== null && from_ms < to_ms ? { from_ms, to_ms } : null,
    preset: oneOf(query.get('range'), PRESETS),
    resolution: oneOf(query.get('res'), RESOLUTIONS) ?? 'auto',
    shape,
    sort,
    order: oneOf(query.get('order'), ['asc', 'desc'] as const) ?? firstOrder(sort),
    search: query.get('q') ?? '',
    show: oneOf(query.get('show'), ['failed', 'running'] as const) ?? 'all',
    process: process !== null && /^[0-9a-f]{32}$/.test(process) ? process : null,
  }
}

/** The order people expect at the first click: the largest amount on top, names and times from their beginning. */
export function firstOrder(sort: Sort): Order {
  return ['start', 'name', 'pid', 'uid'].includes(sort) ? 'asc' : 'desc'
}

function oneOf<T extends string>(text: string | null, allowed: readonly T[]): T | null {
  return allowed.find((one) => one === text) ?? null
}

function milliseconds(text: string | null): number | null {
  if (text === null || !/^\d{1,15}$/.test(text)) return null
  return Number(text)
}
