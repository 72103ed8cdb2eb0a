/** What the server answers, as docs/api.md states it. Names are the wire's; nothing is computed here. */

/** Milliseconds since the epoch, UTC. */
export type Ms = number

export interface Me {
  admin: boolean
  container: string | null
  expires_ms: Ms | null
  auth: boolean
  host: string
  version: string
  recording: boolean
  recording_problem: string | null
}

export type ContainerKind =
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'crio'
  | 'kubernetes'
  | 'lxc'
  | 'slurm'
  | 'systemd'
  | 'run'
  | 'cgroup'

export interface Container {
  id: string
  short_id: string | null
  name: string
  kind: ContainerKind
  image: string | null
  command: string | null
  labels: Record<string, string>
  limits: { memory_bytes: number | null; cpu_milli: number | null; pids: number | null }
  cgroup: string
  uid: number | null
  host: string
  state: 'live' | 'past'
  began_ms: Ms
  ended_ms: Ms | null
  last_record_ms: Ms
  processes: number
  open_processes: number
  failed_processes: number
  cpu_ns: number
  rss_bytes: number | null
  peak_rss_bytes: number | null
}

/** One container of a list, where its lives are only counted. */
export interface ListedContainer extends Container {
  lives: number
}

export interface ContainerList {
  total: number
  containers: ListedContainer[]
}

export interface Life {
  host: string
  began_ms: Ms
  ended_ms: Ms | null
  image: string | null
  command: string | null
}

/** What its processes amounted to, of one life alone. */
export interface LifeInFull extends Life {
  processes: number
  cpu_ns: number
}

export interface LifeList {
  /** Newest first. */
  lives: LifeInFull[]
}

export interface OneContainer extends Container {
  /** Newest first. */
  lives: Life[]
  retention: { seconds_s: number; minutes_s: number; hours_s: number }
}

/** By metric name; a metric that is not known is absent. */
export type Totals = Record<string, number | null>

export interface Process {
  id: string
  pid: number
  container_pid: number | null
  parent: string | null
  parent_pid: number | null
  uid: number | null
  is_root: boolean
  name: string
  exe: string | null
  args: string[] | null
  args_cut: boolean
  inherited: boolean
  start_ms: Ms
  entered_ms: Ms
  end_ms: Ms | null
  exit_code: number | null
  signal: number | null
  signal_name: string | null
  oom_killed: boolean
  core_dumped: boolean
  end_unseen: boolean
  last_sample_ms: Ms | null
  totals: Totals
}

export interface ProcessList {
  total: number
  processes: Process[]
}

export interface Exec {
  at_ms: Ms
  name: string
  exe: string | null
  args: string[] | null
  args_cut: boolean
  inherited: boolean
}

export interface OneProcess extends Process {
  execs: Exec[]
}

export type UsageMetric = 'cpu' | 'memory' | 'block_io'

export type Values = (number | null)[]

export interface UsageSeries {
  /** 32 hex digits, or `others`. */
  process: string
  pid: number | null
  name: string
  sum: number
  mean: Values
}

export interface Usage {
  metric: UsageMetric
  unit: string
  resolution: 's' | 'm' | 'h' | 'd'
  step_ms: Ms
  from_ms: Ms
  to_ms: Ms
  /** Where each step begins; the first may lie before `from_ms`. */
  times_ms: Ms[]
  /** How much of each step was recorded: what its means are taken over. */
  covered_ms: Ms[]
  total: { mean: Values; min: Values; max: Values; read?: Values; write?: Values }
  series: UsageSeries[]
  losses: Loss[]
}

/** What a process used on one core. */
export interface CoreUsage {
  cpu: number
  /** Nanoseconds in the range. */
  sum: number
  /** Nanoseconds per second, step by step. */
  mean: number[]
}

export interface Cores {
  unit: string
  resolution: 's' | 'm' | 'h' | 'd'
  step_ms: Ms
  from_ms: Ms
  to_ms: Ms
  times_ms: Ms[]
  covered_ms: Ms[]
  /** By number; only those that it used. */
  cpus: CoreUsage[]
  losses: Loss[]
}

export interface Loss {
  at_ms: Ms
  reason: string
  says: string
  count: number
  cpu_ns: number
  /** The container's own, or one of its host that touches every container there. */
  container: boolean
}

export interface LossList {
  losses: Loss[]
}

export interface Tick {
  until_ms: Ms
  containers_changed: boolean
}

export interface Bye {
  why: 'expired' | 'shutdown'
}
