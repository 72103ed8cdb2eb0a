/** Finding one's way in a description. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchor, curl, type Document, type Operation, propertiesOf, routesOf } from './document.ts'

const get: Operation = { tags: ['a'], responses: {} }
const document: Document = {
  info: { title: '', version: '', description: '' },
  servers: [{ url: '/stats/api/v1' }],
  tags: [],
  paths: { '/x/{id}': { get, delete: { ...get, tags: ['b'] } }, '/y': { get } },
  components: {
    schemas: {
      Facts: { type: 'object', properties: { id: { type: 'string' } } },
      Full: { allOf: [{ $ref: '#/components/schemas/Facts' }, { properties: { lives: { type: 'integer' } } }] },
    },
  },
}

test('routes stand under their tags', () => {
  const routes = routesOf(document, 'a').map((route) => `${route.method} ${route.path}`)
  assert.deepEqual(routes, ['GET /x/{id}', 'GET /y'])
})

test('a schema has the properties of its parts', () => {
  const names = propertiesOf(document, { $ref: '#/components/schemas/Full' }).map(([name]) => name)
  assert.deepEqual(names, ['id', 'lives'])
})

test('a command asks with a token where one is needed', () => {
  const route = { method: 'GET', path: '/x/{id}', operation: get }
  const told = curl('http://h:1', '/stats/api/v1', route)
  assert.equal(told, 'curl -H "Authorization: token $TOKEN" \'http://h:1/stats/api/v1/x/ID\'')
  const open = curl('http://h:1', '', { ...route, operation: { ...get, security: [{}] } })
  assert.equal(open, "curl 'http://h:1/x/ID'")
})

test('anchors are plain', () => {
  assert.equal(anchor('GET', '/x/{id}'), 'GET-x-id-')
})
