/** What manages a container, in one word. */
import type { ContainerKind } from '../api/answers.ts'

const SAYS: Record<ContainerKind, string> = {
  docker: 'a Docker container',
  podman: 'a Podman container',
  containerd: 'a container of containerd',
  crio: 'a container of CRI-O',
  kubernetes: 'a container of a Kubernetes pod',
  lxc: 'an LXC container',
  slurm: 'a Slurm job',
  systemd: 'a systemd unit',
  run: 'a command under bubble-chamber run',
  cgroup: 'a cgroup asked for by its path',
}

export function KindBadge({ kind }: { kind: ContainerKind }) {
  return (
    <span class={`kind kind-${kind}`} title={SAYS[kind]}>
      {kind}
    </span>
  )
}
