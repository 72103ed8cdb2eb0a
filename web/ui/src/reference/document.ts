/** The parts of an OpenAPI document that the reference shows, and how to find one's way in it. Showing them is left to the elements. */

export interface Document {
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export interface Operation {
  tags: string[]
  summary?: string
  description?: string
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content?: Content }>
  security?: Record<string, string[]>[]
}

export interface Parameter {
  name: string
  in: 'path' | 'query'
  description?: string
  schema: Schema
}

export type Content = Record<string, { schema?: Schema }>

export interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  allOf?: Schema[]
  oneOf?: Schema[]
  enum?: (string | null)[]
  default?: unknown
  minimum?: number
  maximum?: number
  pattern?: string
}

/** One operation with where it is. */
export interface Route {
  method: string
  path: string
  operation: Operation
}

/** The operations under a tag, in the order of their paths. */
export function routesOf(document: Document, tag: string): Route[] {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  return all.filter((route) => route.operation.tags.includes(tag))
}

/** An anchor's name. */
export function anchor(...parts: string[]): string {
  return parts.join('-').replaceAll(/[^A-Za-z0-9]+/g, '-')
}

/** What a reference names. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1)
}

/** All properties of a schema, those of its parts too. */
export function propertiesOf(document: Document, schema: Schema): [string, Schema][] {
  if (schema.$ref !== undefined) {
    const named = document.components.schemas[nameOf(schema.$ref)]
    return named === undefined ? [] : propertiesOf(document, named)
  }
  const parts = (schema.allOf ?? []).flatMap((part) => propertiesOf(document, part))
  return [...parts, ...Object.entries(schema.properties ?? {})]
}

/** A command that asks for it: what is to be put in stands in capitals. */
export function curl(origin: string, server: string, route: Route): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase())
  const words = ['curl']
  if (route.method !== 'GET') words.push('-X', route.method)
  if (route.operation.security === undefined) words.push('-H', '"Authorization: token $TOKEN"')
  if (route.operation.requestBody !== undefined) {
    words.push('-H', "'Content-Type: application/json'", '-d', '"{\\"token\\": \\"$TOKEN\\"}"')
  }
  if (path.endsWith('.csv')) words.push('-OJ')
  if (path === '/stream') words.push('-N')
  words.push(`'${origin}${server}${path}'`)
  return words.join(' ')
}
