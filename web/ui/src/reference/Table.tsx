/** Names with what they allow and mean: the parameters of a route, the properties of a shape. */
import type { Schema } from './document.ts'
import { Shape } from './Shape.tsx'

export interface Line {
  name: string
  place?: string
  schema: Schema
  says?: string | undefined
}

export function Table({ lines }: { lines: Line[] }) {
  if (lines.length === 0) return null
  return (
    <table class="reference-table">
      <tbody>
        {lines.map((line) => (
          <tr key={line.name}>
            <th scope="row">
              <code>{line.name}</code>
              {line.place && <small> {line.place}</small>}
            </th>
            <td>
              <Shape schema={line.schema} />
              {line.schema.default !== undefined && <small> (default {String(line.schema.default)})</small>}
            </td>
            <td>{line.says ?? line.schema.description}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
