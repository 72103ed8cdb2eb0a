/** Which rows of a long list are near the screen: only these are drawn, so that ten thousand scroll like ten. */
import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

export interface Span {
  first: number
  /** One past the last. */
  end: number
}

/** Rows drawn beyond either edge of the screen. */
const MARGIN = 12

/** The rows of `list`, each `height_px` high, that the page's scrolling brings near the screen. */
export function useVisibleRows(list: RefObject<HTMLElement | null>, rows: number, height_px: number): Span {
  const [span, setSpan] = useState<Span>({ first: 0, end: 0 })
  useLayoutEffect(() => {
    const look = () => {
      if (list.current === null) return
      const above_px = -list.current.getBoundingClientRect().top
      const first = Math.max(0, Math.floor(above_px / height_px) - MARGIN)
      const end = Math.min(rows, Math.ceil((above_px + window.innerHeight) / height_px) + MARGIN)
      setSpan((before) =>
        before.first === first && before.end === end ? before : { first, end: Math.max(first, end) },
      )
    }
    look()
    window.addEventListener('scroll', look, { passive: true })
    const observer = new ResizeObserver(look)
    observer.observe(document.body)
    return () => {
      window.removeEventListener('scroll', look)
      observer.disconnect()
    }
  }, [rows, height_px])
  return span
}
