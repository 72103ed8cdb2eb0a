/**
 * Makes text that a monitored process chose safe to look at: whatever would move, hide or reorder other text becomes a visible sign.
 * That it is never read as markup is Preact's doing: it only ever becomes a text node.
 */

/** Characters that show nothing or change the direction of what follows, by the name they are shown with. */
const INVISIBLE: Record<number, string> = {
  173: 'SHY',
  847: 'CGJ',
  1564: 'ALM',
  4447: 'HCF',
  4448: 'HJF',
  6158: 'MVS',
  8203: 'ZWSP',
  8204: 'ZWNJ',
  8205: 'ZWJ',
  8206: 'LRM',
  8207: 'RLM',
  8232: 'LS',
  8233: 'PS',
  8234: 'LRE',
  8235: 'RLE',
  8236: 'PDF',
  8237: 'LRO',
  8238: 'RLO',
  8288: 'WJ',
  8294: 'LRI',
  8295: 'RLI',
  8296: 'FSI',
  8297: 'PDI',
  12644: 'HF',
  65279: 'BOM',
}

/** The text with every control, direction and invisible character replaced by something that shows. */
export function visible(text: string): string {
  let shown = ''
  for (const character of text) {
    shown += sign(character.codePointAt(0) ?? 0) ?? character
  }
  return shown
}

function sign(code: number): string | null {
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '␡'
  if (code > 0x7f && code < 0xa0) return `⟨${code.toString(16)}⟩`
  if (code >= 0xd800 && code <= 0xdfff) return '�'
  if (code >= 0xe0000 && code <= 0xe007f) return '⟨TAG⟩'
  const name = INVISIBLE[code]
  return name === undefined ? null : `⟨${name}⟩`
}

/** Arguments as one line; what would be mistaken for several arguments, or none, is quoted. */
export function commandLine(args: readonly string[]): string {
  return args.map(quoted).join(' ')
}

function quoted(argument: string): string {
  if (argument !== '' && !/[\s'"\\]/.test(argument)) return argument
  return `'${argument.replaceAll("'", "'\\''")}'`
}

/** The first part of a text that is too long to show in a row, cut between characters. */
export function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text
  return `${text.slice(0, characters).replace(/[\ud800-\udbff]$/, '')}…`
}
