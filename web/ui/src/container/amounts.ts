/** What the processes of one life amounted to. The API tells of a container over all its lives, and of each life apart when asked. */
import type { Life, LifeInFull, OneContainer } from '../api/answers.ts'

export interface Amounts {
  processes: number
  cpu_ns: number
}

/** `apart`: its lives, newest first, as they were told at some time; what is over does not change. `null`: not told yet. */
export function amountsOf(
  container: OneContainer,
  apart: readonly LifeInFull[] | null,
  chosen: Life | undefined,
): Amounts | null {
  if (container.lives.length < 2) return container
  const earlier = (apart ?? []).filter((life) => container.lives.slice(1).some((other) => isSame(life, other)))
  if (earlier.length < container.lives.length - 1) return null
  const latest = container.lives[0]
  if (chosen !== undefined && latest !== undefined && !isSame(chosen, latest)) {
    return earlier.find((life) => isSame(life, chosen)) ?? null
  }
  // The latest goes on: it is what the others leave of the whole, which is told anew all the time.
  return earlier.reduce(
    (rest, life) => ({ processes: rest.processes - life.processes, cpu_ns: rest.cpu_ns - life.cpu_ns }),
    { processes: container.processes, cpu_ns: container.cpu_ns },
  )
}

function isSame(life: Life, other: Life): boolean {
  return life.began_ms === other.began_ms && life.host === other.host
}
