/** The arguments of a process or an exec, with what must be known about them: cut, inherited, unknown. */
import { Unknown } from '../elements/Known.tsx'
import { Text } from '../elements/Text.tsx'
import { commandLine } from '../format/text.ts'

interface ArgumentsProps {
  of: { args: string[] | null; args_cut: boolean; inherited: boolean }
  /** With the zeroth, and all of it. */
  whole?: boolean
}

export function Arguments({ of: { args, args_cut, inherited }, whole = false }: ArgumentsProps) {
  if (args === null) return whole ? <Unknown says="its arguments could not be read" /> : null
  return (
    <span class={`arguments${inherited ? ' inherited' : ''}`}>
      <Text of={commandLine(whole ? args : args.slice(1))} whole={whole} />
      {args_cut && (
        <span class="mark-cut" title="longer than the recorder keeps">
          …(cut)
        </span>
      )}
      {inherited && (
        <span class="mark-inherited" title="it never executed anything itself: these are its parent's">
          inherited
        </span>
      )}
    </span>
  )
}
