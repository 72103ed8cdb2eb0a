/** The colours of style/colours.css, for the canvas, which cannot name them. */

const dark = window.matchMedia('(prefers-color-scheme: dark)')
let read = new Map<string, string>()

/** The value of a style variable under the present colour scheme. */
export function colour(variable: string): string {
  let value = read.get(variable)
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(variable).trim()
    read.set(variable, value)
  }
  return value
}

/** Calls `redraw` when the reader's colour scheme changes, until the function it returns is called. */
export function onSchemeChange(redraw: () => void): () => void {
  const changed = () => {
    read = new Map()
    redraw()
  }
  dark.addEventListener('change', changed)
  return () => dark.removeEventListener('change', changed)
}
