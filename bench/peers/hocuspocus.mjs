// Hocuspocus as its guide sets it up; with STORE it keeps documents by its database extension, each in a file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Server } from '@hocuspocus/server'
import { Database } from '@hocuspocus/extension-database'

const store = process.env.STORE
const path = name => `${store}/${encodeURIComponent(name)}`

function fetch ({ documentName }) {
  try {
    return readFileSync(path(documentName))
  } catch {
    return null
  }
}

function keep ({ documentName, state }) {
  writeFileSync(path(documentName), state)
}

if (store) mkdirSync(store, { recursive: true })
const server = new Server({
  port: 0,
  address: '127.0.0.1',
  quiet: true,
  stopOnSignals: false,
  extensions: store ? [new Database({ fetch: async data => fetch(data), store: async data => keep(data) })] : []
})
await server.listen()
console.log(`Hocuspocus listening on port ${server.httpServer.address().port}`)
