/** The mark: tracks in a bubble chamber. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 28C10 20 13 12 14 4" />
      <path d="M10 19c5 3 11 2 13-3s-2-9-6-7-3 7 1 7" />
      <circle cx="27" cy="26" r="2.2" />
    </svg>
  )
}
