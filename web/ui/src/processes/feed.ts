/**
 * All processes of a window, kept up to date: once whole, then, while it follows, only those that lived in the last seconds. Where
 * there are more than the page should hold, the server searches and sorts instead, and the page says so.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Process, ProcessList } from '../api/answers.ts'
import { address, containerRoute, type Problem } from '../api/client.ts'
import { useAnswer } from '../live/answer.ts'
import type { Beat } from '../live/stream.ts'
import type { View } from '../view/view.ts'
import type { Window } from '../view/window.ts'
import { serverSort } from './order.ts'

/** More than this is searched and sorted by the server. */
export const MOST = 20_000

/** The whole list is asked for again this often; what comes between is pieced together. */
const WHOLE_EVERY_MS = 300_000

/** A record may come this late and still be noticed before the whole list is asked for again. */
const LATE_MS = 15_000

export interface Feed {
  processes: Process[]
  /** How many there are, where that is more than are here. */
  total: number
  large: boolean
  ready: boolean
  problem: Problem | null
}

/** The processes of a container that lived in the window. */
export function useProcesses(view: View, window: Window, beat: Beat): Feed {
  const route = containerRoute(view.container, '/processes')
  const [large, setLarge] = useState(false)
  const served = large ? { q: view.search, sort: serverSort(view.sort), order: view.order, root: view.root } : {}
  const whole_url = address(route, { ...span(window), limit: MOST, ...served })
  const whole = useAnswer<ProcessList>(whole_url, view.container, large && window.follows ? beat.number : 0)

  const newest_ms = Math.floor((beat.until_ms ?? window.end_ms) - LATE_MS)
  const piecewise = window.follows && !large && whole.data !== null
  const news_url = piecewise ? address(route, { from: Math.max(newest_ms, window.began_ms), limit: MOST }) : null
  const news = useAnswer<ProcessList>(news_url, view.container, beat.number)

  const unsearched = view.search === '' && view.root === null
  useEffect(() => {
    if (whole.data !== null && (!large || unsearched)) setLarge(whole.data.total > MOST)
  }, [whole.data, large, unsearched])

  const base = useRef<ProcessList | null>(null)
  const pieces = useRef(new Map<string, Process>())
  const processes = useMemo(() => {
    if (base.current !== whole.data) {
      base.current = whole.data
      pieces.current = new Map(whole.data?.processes.map((process) => [process.id, process]))
    }
    if (!large) for (const process of news.data?.processes ?? []) pieces.current.set(process.id, process)
    return [...pieces.current.values()]
  }, [whole.data, news.data, large])

  const total = large ? (whole.data?.total ?? 0) : processes.length
  return { processes, total, large, ready: whole.data !== null, problem: whole.problem ?? news.problem }
}

function span(window: Window): { from: number; to: number | null } {
  if (!window.follows) return { from: Math.floor(window.from_ms), to: Math.ceil(window.to_ms) }
  const since_ms = Math.floor(window.from_ms / WHOLE_EVERY_MS) * WHOLE_EVERY_MS
  return { from: Math.max(window.began_ms, since_ms), to: null }
}
