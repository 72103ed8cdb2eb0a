/** A thin bar: how much of a limit is used. Nothing where there is no limit. */
interface MeterProps {
  value: number
  of: number | null
  format: (value: number) => string
}

export function Meter({ value, of, format }: MeterProps) {
  if (of === null || of <= 0) return null
  const part = Math.min(1, value / of)
  const tone = part > 0.9 ? 'bad' : part > 0.75 ? 'near' : ''
  return (
    <span class={`meter ${tone}`} title={`${(part * 100).toFixed(0)} % of ${format(of)}`}>
      <i style={{ width: `${part * 100}%` }} />
    </span>
  )
}
