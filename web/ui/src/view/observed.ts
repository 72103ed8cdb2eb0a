/** A value that components can watch without their parents being drawn again when it changes. */
import { useEffect, useState } from 'preact/hooks'

export class Observed<T> {
  private readonly watchers = new Set<(value: T) => void>()

  constructor(private value: T) {}

  get(): T {
    return this.value
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return
    this.value = value
    for (const watcher of [...this.watchers]) watcher(value)
  }

  /** Calls `watcher` at each change, until the function it returns is called. */
  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }
}

/** The value, drawn again at each change. */
export function useObserved<T>(observed: Observed<T>): T {
  const [, redraw] = useState({})
  useEffect(() => {
    // It may have changed between drawing and here.
    redraw({})
    return observed.watch(() => redraw({}))
  }, [observed])
  return observed.get()
}
