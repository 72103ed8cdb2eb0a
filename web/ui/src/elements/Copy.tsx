/** A button that copies a text, and says that it did. */
import { useEffect, useState } from 'preact/hooks'

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), 1500)
    return () => clearTimeout(timer)
  }, [done])
  // Browsers offer the clipboard on secure origins and on this machine only.
  if (!('clipboard' in navigator)) return null
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setDone(true),
      () => setDone(false),
    )
  return (
    <button type="button" class="copy" title={`copy ${what}`} aria-label={`copy ${what}`} onClick={copy}>
      {done ? 'copied' : 'copy'}
    </button>
  )
}
