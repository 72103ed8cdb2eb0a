/** A search box that tells what was typed once the typing pauses. */
import { useEffect, useRef, useState } from 'preact/hooks'

interface SearchProps {
  label: string
  value: string
  onSearch: (value: string) => void
}

const PAUSE_MS = 200

export function Search({ label, value, onSearch }: SearchProps) {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  // The address may change under it: Back, or a link.
  if (value !== told.current) {
    told.current = value
    setTyped(value)
  }
  useEffect(() => {
    if (typed === told.current) return
    const timer = setTimeout(() => {
      told.current = typed
      onSearch(typed)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <input
      type="search"
      class="search"
      aria-label={label}
      placeholder={label}
      autoComplete="off"
      spellcheck={false}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  )
}
