/** Processes as rows: flat, or as a tree with what each branch used. Pure; drawing is left to Rows.tsx. */
import type { Process } from '../api/answers.ts'

export interface Row {
  process: Process
  depth: number
  /** Direct children among the rows that could be shown. */
  children: number
  open: boolean
  /** Shown only because a descendant matches. */
  context: boolean
  /** With all its descendants. */
  branch_cpu_ns: number
  branch_size: number
}

export interface TreeOrder {
  compare: (a: Process, b: Process) => number
  /** Brothers by what their branches used, largest first (or last): the sort that finds a culprit's branch. */
  by_branch_cpu: 'asc' | 'desc' | null
}

/** One row per process. */
export function flatRows(processes: readonly Process[], compare: (a: Process, b: Process) => number): Row[] {
  return [...processes].sort(compare).map((process) => ({
    process,
    depth: 0,
    children: 0,
    open: false,
    context: false,
    branch_cpu_ns: process.totals.cpu_ns ?? 0,
    branch_size: 1,
  }))
}

/** The rows of the tree that are not below a closed one. Whatever does not match is left out, its matching descendants' path aside. */
export function treeRows(
  processes: readonly Process[],
  order: TreeOrder,
  matches: ((process: Process) => boolean) | null,
  closed: ReadonlySet<string>,
): Row[] {
  const { roots, children } = link(processes)
  const branches = measure(roots, children)
  const wanted = matches === null ? null : withAncestors(processes, matches)
  const sorted = (list: Process[]) => {
    const kept = wanted === null ? list : list.filter((p) => wanted.has(p.id))
    if (order.by_branch_cpu === null) return kept.sort(order.compare)
    const sign = order.by_branch_cpu === 'asc' ? 1 : -1
    const cpu = (p: Process) => branches.get(p.id)?.cpu_ns ?? 0
    return kept.sort((a, b) => sign * (cpu(a) - cpu(b)) || order.compare(a, b))
  }
  const rows: Row[] = []
  const stack = sorted(roots)
    .map((process) => ({ process, depth: 0 }))
    .reverse()
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { process, depth } = next
    const below = sorted(children.get(process.id) ?? [])
    const open = !closed.has(process.id)
    rows.push({
      process,
      depth,
      children: below.length,
      open,
      context: matches !== null && !matches(process),
      branch_cpu_ns: branches.get(process.id)?.cpu_ns ?? 0,
      branch_size: branches.get(process.id)?.size ?? 1,
    })
    if (open) for (const child of below.reverse()) stack.push({ process: child, depth: depth + 1 })
  }
  return rows
}

interface Links {
  roots: Process[]
  children: Map<string, Process[]>
}

function link(processes: readonly Process[]): Links {
  const known = new Set(processes.map((p) => p.id))
  const roots: Process[] = []
  const children = new Map<string, Process[]>()
  for (const process of processes) {
    const { parent } = process
    if (parent === null || parent === process.id || !known.has(parent)) {
      roots.push(process)
      continue
    }
    const brothers = children.get(parent)
    if (brothers === undefined) children.set(parent, [process])
    else brothers.push(process)
  }
  return { roots, children }
}

/** CPU and size of every branch, children before parents; without recursion, because chains of thousands exist. */
function measure(roots: Process[], children: Map<string, Process[]>): Map<string, { cpu_ns: number; size: number }> {
  const order: Process[] = []
  const stack = [...roots]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    order.push(next)
    for (const child of children.get(next.id) ?? []) stack.push(child)
  }
  const branches = new Map<string, { cpu_ns: number; size: number }>()
  for (const process of order.reverse()) {
    const branch = { cpu_ns: process.totals.cpu_ns ?? 0, size: 1 }
    for (const child of children.get(process.id) ?? []) {
      const below = branches.get(child.id)
      branch.cpu_ns += below?.cpu_ns ?? 0
      branch.size += below?.size ?? 0
    }
    branches.set(process.id, branch)
  }
  return branches
}

function withAncestors(processes: readonly Process[], matches: (process: Process) => boolean): Set<string> {
  const by_id = new Map(processes.map((p) => [p.id, p]))
  const wanted = new Set<string>()
  for (const process of processes) {
    if (!matches(process)) continue
    let up: Process | undefined = process
    while (up !== undefined && !wanted.has(up.id)) {
      wanted.add(up.id)
      up = up.parent === null ? undefined : by_id.get(up.parent)
    }
  }
  return wanted
}
