/** One route: what it is asked, what it answers, and a command to try it. */
import { Copy } from '../elements/Copy.tsx'
import { anchor, type Content, curl, type Route } from './document.ts'
import { Shape } from './Shape.tsx'
import { Table } from './Table.tsx'

export function RouteEntry({ route, server }: { route: Route; server: string }) {
  const { method, path, operation } = route
  const command = curl(location.origin, server, route)
  const parameters = (operation.parameters ?? []).map((parameter) => ({
    name: parameter.name,
    place: parameter.in === 'path' ? 'in the path' : '',
    schema: parameter.schema,
    says: parameter.description,
  }))
  return (
    <article id={anchor(method, path)} class="reference-route">
      <h3>
        <span class="reference-method">{method}</span> <code>{path}</code>
      </h3>
      <p class="reference-summary">{operation.summary}</p>
      <p>{operation.description}</p>
      <Table lines={parameters} />
      <Body content={operation.requestBody?.content} />
      <table class="reference-table">
        <tbody>
          {Object.entries(operation.responses).map(([status, answer]) => (
            <tr key={status}>
              <th scope="row">{status}</th>
              <td>
                <Kind content={answer.content} />
              </td>
              <td>{answer.description}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="reference-try">
        <code>{command}</code> <Copy text={command} what="the command" />
      </p>
    </article>
  )
}

function Body({ content }: { content: Content | undefined }) {
  if (content === undefined) return null
  return (
    <p>
      With a body: <Kind content={content} />
    </p>
  )
}

/** What a content is: the shape of JSON, the kind of anything else. */
function Kind({ content }: { content: Content | undefined }) {
  const [kind, of] = Object.entries(content ?? {})[0] ?? []
  if (kind === undefined || of?.schema === undefined) return null
  return kind.endsWith('json') ? <Shape schema={of.schema} /> : kind
}
