/** What kind of value a schema allows, in a few words, with links to the shapes that have names. */
import type { ComponentChildren } from 'preact'
import { anchor, nameOf, type Schema } from './document.ts'

export function Shape({ schema }: { schema: Schema }): ComponentChildren {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref)
    return <a href={`#${anchor('shape', name)}`}>{name}</a>
  }
  if (schema.oneOf !== undefined) {
    return schema.oneOf.map((one, place) => [place > 0 && ' or ', <Shape key={place} schema={one} />])
  }
  if (schema.enum !== undefined) return schema.enum.filter((one) => one !== null).join(' · ')
  if (schema.items !== undefined) return ['list of ', <Shape key="items" schema={schema.items} />]
  const types = [schema.type ?? 'object'].flat()
  return types.join(' or ') + bounds(schema)
}

function bounds({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`
  return ''
}
