/** A row of buttons of which one is chosen. */
import type { ComponentChildren } from 'preact'

interface ChoiceProps<T extends string> {
  label: string
  options: readonly { value: T; text: ComponentChildren; title?: string }[]
  chosen: T | null
  onChoose: (value: T) => void
}

export function Choice<T extends string>({ label, options, chosen, onChoose }: ChoiceProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a row everywhere
    <div class="choice" role="group" aria-label={label}>
      {options.map(({ value, text, title }) => (
        <button key={value} type="button" title={title} aria-pressed={value === chosen} onClick={() => onChoose(value)}>
          {text}
        </button>
      ))}
    </div>
  )
}
