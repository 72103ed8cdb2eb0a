/** A colour for each process that stays its own in every chart, list and row, for as long as the page is open. */

/** The names of the palette in style/colours.css: `--c0` to `--c9`. */
export const COLOURS = 10

const slots = new Map<string, number>()

/** The palette's number for each process of a chart: the one it has, or the one least used in this chart and then in all. */
export function assignColours(processes: readonly string[]): void {
  const here = new Array<number>(COLOURS).fill(0)
  for (const process of processes) {
    const slot = slots.get(process)
    if (slot !== undefined) here[slot] = (here[slot] ?? 0) + 1
  }
  const anywhere = new Array<number>(COLOURS).fill(0)
  for (const slot of slots.values()) anywhere[slot] = (anywhere[slot] ?? 0) + 1
  for (const process of processes) {
    if (slots.has(process) || process === 'others') continue
    let best = 0
    for (let slot = 1; slot < COLOURS; slot += 1) {
      const fewer = (here[slot] ?? 0) - (here[best] ?? 0) || (anywhere[slot] ?? 0) - (anywhere[best] ?? 0)
      if (fewer < 0) best = slot
    }
    slots.set(process, best)
    here[best] = (here[best] ?? 0) + 1
    anywhere[best] = (anywhere[best] ?? 0) + 1
  }
}

/** The style class that carries a process's colour as `currentColor`; undefined for one that no chart has shown. */
export function colourClass(process: string): string | undefined {
  if (process === 'others') return 'c-others'
  const slot = slots.get(process)
  return slot === undefined ? undefined : `c${slot}`
}

/** The palette's variable of a process. */
export function colourVariable(process: string): string {
  const slot = slots.get(process)
  return slot === undefined ? '--others' : `--c${slot}`
}
