/** Nothing to list: because nothing matches, or because nothing was recorded yet, and then how to try it. */
import { Copy } from '../elements/Copy.tsx'

export function Empty({ filtered }: { filtered: boolean }) {
  if (filtered) return <p class="empty">Nothing matches. The search looks at names, ids, images and commands.</p>
  return (
    <section class="empty">
      <h2>No container or job has been seen on this machine yet</h2>
      <p>
        Every container (Docker, Podman, containerd, CRI-O, Kubernetes, LXC) and every Slurm job shows up here by itself
        as soon as it starts. To try it:
      </p>
      <Try command="sudo bubble-chamber run -- sleep 60" what="any command, recorded in a cgroup of its own" />
      <Try command="docker run --rm busybox sleep 60" what="a container" />
    </section>
  )
}

function Try({ command, what }: { command: string; what: string }) {
  return (
    <div class="try">
      <pre>{command}</pre>
      <Copy text={command} what="this command" />
      <span>{what}</span>
    </div>
  )
}
