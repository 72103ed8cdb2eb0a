/** Amounts as people read them: bytes, rates, shares of a CPU, counts. Whether an amount is known is the caller's question. */

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']
const counts = new Intl.NumberFormat('en')

/** Three significant digits, without a tail of zeros: 1.23, 12.3, 123. */
export function threeDigits(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2
  return value
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}

/** `1.5 GiB`. */
export function bytes(value: number): string {
  let scaled = value
  let unit = 0
  while (Math.abs(scaled) >= 1023.5 && unit < BINARY.length - 1) {
    scaled /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(scaled) : threeDigits(scaled)} ${BINARY[unit]}`
}

/** `1.5 MiB/s`. */
export function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`
}

/** Nanoseconds of CPU per second, where one CPU is 100 %. */
export function cpuShare(ns_per_s: number): string {
  const percent = ns_per_s / 1e7
  if (percent > 0 && percent < 0.1) return '<0.1 %'
  return `${percent >= 100 ? counts.format(Math.round(percent)) : percent.toFixed(1).replace(/\.0$/, '')} %`
}

/** `12,345`. */
export function count(value: number): string {
  return counts.format(value)
}

/** `1 process`, `12,345 processes`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
