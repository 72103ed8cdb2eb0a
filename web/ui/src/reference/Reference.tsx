/** The reference of the API, drawn from the description that the server gives of itself. */
import { useEffect, useState } from 'preact/hooks'
import { address, ask, Problem } from '../api/client.ts'
import { Mark } from '../page/Mark.tsx'
import { anchor, type Document, propertiesOf, routesOf } from './document.ts'
import { RouteEntry } from './RouteEntry.tsx'
import { Table } from './Table.tsx'

export function Reference() {
  const [document, setDocument] = useState<Document | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    ask<Document>(address('openapi.json')).then(setDocument, (error: unknown) =>
      setProblem(error instanceof Problem ? error.detail : String(error)),
    )
  }, [])
  // What a link within the page leads to is there only now.
  useEffect(() => {
    const name = location.hash.slice(1)
    if (document !== null && name !== '') window.document.getElementById(name)?.scrollIntoView()
  }, [document])
  if (problem !== null) return <p role="alert">There is no description: {problem}</p>
  if (document === null) return null
  return <Whole document={document} />
}

function Whole({ document }: { document: Document }) {
  const server = document.servers[0]?.url ?? ''
  const tags = document.tags.map((tag) => ({ ...tag, routes: routesOf(document, tag.name) }))
  return (
    <div class="reference">
      <nav aria-label="routes">
        <a href="./index.html">
          <Mark /> {document.info.title}
        </a>
        {tags.map((tag) => (
          <section key={tag.name}>
            <h2>{tag.name}</h2>
            <ul>
              {tag.routes.map(({ method, path }) => (
                <li key={method + path}>
                  <a href={`#${anchor(method, path)}`}>
                    <span class="reference-method">{method}</span> {path}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
        <a href={address('openapi.json')}>openapi.json</a>
      </nav>
      <main>
        <h1>API, version {document.info.version}</h1>
        {document.info.description.split('\n\n').map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
        <p>
          Every address begins with <code>{location.origin + server}</code>. The commands below take a token from the
          environment: <code>TOKEN=$(bubble-chamber token --admin)</code>
        </p>
        {tags.map((tag) => (
          <section key={tag.name}>
            <h2>{tag.description}</h2>
            {tag.routes.map((route) => (
              <RouteEntry key={route.method + route.path} route={route} server={server} />
            ))}
          </section>
        ))}
        <h2>Shapes</h2>
        {Object.entries(document.components.schemas).map(([name, schema]) => (
          <article key={name} id={anchor('shape', name)} class="reference-route">
            <h3>{name}</h3>
            <p>{schema.description}</p>
            <Table lines={propertiesOf(document, schema).map(([name, schema]) => ({ name, schema }))} />
          </article>
        ))}
      </main>
    </div>
  )
}
