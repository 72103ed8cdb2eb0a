/**
 * Makes text that a monitored process chose safe to look at: whatever would move, hide or reorder other text becomes a visible sign.
 * That it is never read as markup is Preact's doing: it only ever becomes a text node.
 */

/** The control characters below the space, in their order. */
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(
    ' ',
  )

/** Characters that show nothing or change the direction of what follows, by the name they are shown with. */
const INVISIBLE = new Map([
  [0x7f, 'DEL'],
  [0xad, 'SHY'],
  [0x34f, 'CGJ'],
  [0x61c, 'ALM'],
  [0x115f, 'HCF'],
  [0x1160, 'HJF'],
  [0x180e, 'MVS'],
  [0x200b, 'ZWSP'],
  [0x200c, 'ZWNJ'],
  [0x200d, 'ZWJ'],
  [0x200e, 'LRM'],
  [0x200f, 'RLM'],
  [0x2028, 'LS'],
  [0x2029, 'PS'],
  [0x202a, 'LRE'],
  [0x202b, 'RLE'],
  [0x202c, 'PDF'],
  [0x202d, 'LRO'],
  [0x202e, 'RLO'],
  [0x2060, 'WJ'],
  [0x2066, 'LRI'],
  [0x2067, 'RLI'],
  [0x2068, 'FSI'],
  [0x2069, 'PDI'],
  [0x3164, 'HF'],
  [0xfeff, 'BOM'],
])

/** The text with every control, direction and invisible character replaced by something that shows. */
export function visible(text: string): string {
  let shown = ''
  for (const character of text) {
    shown += sign(character.codePointAt(0) ?? 0) ?? character
  }
  return shown
}

function sign(code: number): string | null {
  if (code < 0x20) return `⟨${CONTROLS[code]}⟩`
  if (code > 0x7f && code < 0xa0) return `⟨${code.toString(16)}⟩`
  if (code >= 0xd800 && code <= 0xdfff) return '�'
  if (code >= 0xe0000 && code <= 0xe007f) return '⟨TAG⟩'
  const name = INVISIBLE.get(code)
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
