// Hosts real Yjs clients for the tests. One JSON command per line on standard input, one JSON answer per line on
// standard output: {"id", "op", ...arguments} → {"id", "value"} or {"id", "error"}. The operations are at the end.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { Awareness } from 'y-protocols/awareness'
import { createYjsProvider } from '@y-sweet/client'
import * as hocuspocus2 from 'hocuspocus-2'
import * as hocuspocus3 from 'hocuspocus-3'
import * as hocuspocus4 from 'hocuspocus-4'
import { WebsocketProvider as YWebsocket1 } from 'y-websocket-1'
import { WebsocketProvider as YWebsocket2 } from 'y-websocket-2'
import { WebsocketProvider as YWebsocket3 } from 'y-websocket-3'

globalThis.WebSocket = WebSocket // one implementation under every client, also where Node has its own

// Each connection below answers: connect(), disconnect(), destroy(), synced, unsynced (edits without a receipt?
// null where a client cannot say), and the `events` it has seen: denials, close codes, granted scopes.

class YWebsocketConnection {
  constructor (Provider, doc, awareness, { url, document, token }) {
    this.events = []
    this.provider = new Provider(url, document, doc, {
      awareness, params: token ? { token } : {}, WebSocketPolyfill: WebSocket, disableBc: true
    })
    this.provider.on('connection-close', event => event && this.events.push({ close: event.code }))
    // y-protocols only logs the reason of a denial, and every client of this family does so by console.warn
    this.provider.messageHandlers[2] = (_encoder, _decoder) => { this.events.push({ denied: true }) }
  }

  get synced () { return this.provider.synced }
  get unsynced () { return null }
  connect () { this.provider.connect() }
  disconnect () { this.provider.disconnect() }
  destroy () { this.provider.destroy() }
}

class HocuspocusConnection {
  constructor (library, doc, awareness, { url, document, token, socket, options = {} }) {
    this.events = []
    this.socket = socket ?? newSocket(library, url)
    this.ownsSocket = socket === undefined
    this.library = library
    this.provider = new library.HocuspocusProvider({
      websocketProvider: this.socket,
      name: document,
      document: doc,
      awareness,
      token: token ?? null,
      ...options,
      onAuthenticated: () => this.events.push({ scope: this.provider.authorizedScope }),
      onAuthenticationFailed: ({ reason }) => this.events.push({ denied: reason }),
      onClose: ({ event }) => this.events.push({ close: event.code })
    })
    this.provider.attach?.() // versions 3 and 4 leave it to the user when the socket is the user's own
  }

  get synced () { return this.provider.isSynced }
  get unsynced () { return this.provider.hasUnsyncedChanges }
  connect () { return void this.socket.connect() }
  disconnect () { this.socket.disconnect() }
  destroy () {
    this.provider.destroy()
    if (this.ownsSocket) this.socket.destroy()
  }
}

function newSocket (library, url) {
  return new library.HocuspocusProviderWebsocket({
    url, WebSocketPolyfill: WebSocket, delay: 50, minDelay: 50, maxDelay: 500, jitter: false
  })
}

class YSweetConnection {
  constructor (doc, awareness, { url, document, token }) {
    this.events = []
    this.provider = createYjsProvider(doc, document, async () => ({ url, baseUrl: url, docId: document, token }), {
      awareness, WebSocketPolyfill: WebSocket, showDebuggerLink: false
    })
    this.provider.on('connection-close', event => event && this.events.push({ close: event.code }))
    this.provider.on('local-changes', pending => this.events.push({ pending }))
    // Version 0.9.1 connects again whenever its socket closes, also after disconnect() and destroy().
    this.reconnect = this.provider.connect.bind(this.provider)
    this.provider.connect = async () => { if (this.wanted) await this.reconnect() }
    this.wanted = true
  }

  get synced () { return this.provider.synced }
  get unsynced () { return this.provider.hasLocalChanges }

  connect () {
    this.wanted = true
    this.reconnect()
  }

  disconnect () {
    this.wanted = false
    this.provider.disconnect()
  }

  destroy () {
    this.wanted = false
    this.provider.destroy()
  }
}

const families = {
  'y-websocket-1': (...peer) => new YWebsocketConnection(YWebsocket1, ...peer),
  'y-websocket-2': (...peer) => new YWebsocketConnection(YWebsocket2, ...peer),
  'y-websocket-3': (...peer) => new YWebsocketConnection(YWebsocket3, ...peer),
  'hocuspocus-2': (...peer) => new HocuspocusConnection(hocuspocus2, ...peer),
  'hocuspocus-3': (...peer) => new HocuspocusConnection(hocuspocus3, ...peer),
  'hocuspocus-4': (...peer) => new HocuspocusConnection(hocuspocus4, ...peer),
  'y-sweet': (...peer) => new YSweetConnection(...peer)
}
const libraries = { 'hocuspocus-2': hocuspocus2, 'hocuspocus-3': hocuspocus3, 'hocuspocus-4': hocuspocus4 }

const peers = new Map()
const sockets = new Map()

function find (name) {
  const peer = peers.get(name)
  if (!peer) throw new Error(`there is no peer ${name}`)
  return peer
}

function presence (awareness) {
  return Object.fromEntries([...awareness.getStates()].filter(([client]) => client !== awareness.clientID))
}

function stateVector (doc) {
  return Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc)))
}

const operations = {
  // The life of a peer. A peer without a family is a document that nothing connects.
  open ({ peer, family, socket, ...address }) {
    const doc = new Y.Doc()
    const awareness = new Awareness(doc)
    const updates = []
    doc.on('update', update => updates.push(Buffer.from(update).toString('base64')))
    const connection = family && families[family](doc, awareness, { ...address, socket: sockets.get(socket) })
    peers.set(peer, { doc, awareness, connection, updates })
    return { client: doc.clientID }
  },
  socket ({ socket, family, url }) { sockets.set(socket, newSocket(libraries[family], url)) },
  connect ({ peer }) { find(peer).connection.connect() },
  disconnect ({ peer }) { find(peer).connection.disconnect() },
  destroy ({ peer }) {
    find(peer).connection?.destroy()
    find(peer).awareness.destroy()
    find(peer).doc.destroy()
    peers.delete(peer)
  },

  // What a peer has
  status ({ peer, root = 'content' }) {
    const { doc, awareness, connection } = find(peer)
    return {
      synced: connection?.synced ?? true,
      unsynced: connection?.unsynced ?? null,
      events: connection?.events ?? [],
      text: doc.getText(root).toString(),
      presence: presence(awareness)
    }
  },
  state ({ peer }) {
    const { doc } = find(peer)
    return {
      text: doc.getText('content').toString(),
      map: doc.getMap('map').toJSON(),
      stateVector: stateVector(doc),
      pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
      update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
    }
  },
  brief ({ peer }) {
    const { doc, connection } = find(peer)
    return { synced: connection.synced, events: connection.events, length: doc.getText('content').length }
  },

  // What a peer does. Updates it makes or receives are kept until they are taken.
  insert ({ peer, index, text, root = 'content' }) {
    const ytext = find(peer).doc.getText(root)
    ytext.insert(Math.min(index ?? ytext.length, ytext.length), text)
  },
  remove ({ peer, index, length }) {
    const text = find(peer).doc.getText('content')
    const start = Math.min(index, text.length)
    text.delete(start, Math.min(length, text.length - start))
  },
  set ({ peer, key, value }) { find(peer).doc.getMap('map').set(key, value) },
  unset ({ peer, key }) { find(peer).doc.getMap('map').delete(key) },
  announce ({ peer, state }) { find(peer).awareness.setLocalState(state) },
  apply ({ peer, update }) { Y.applyUpdate(find(peer).doc, Buffer.from(update, 'base64'), 'applied') },
  takeUpdates ({ peer }) { return find(peer).updates.splice(0) }
}

function answer (line) {
  const { id, op, ...given } = JSON.parse(line)
  try {
    return { id, value: operations[op](given) ?? null }
  } catch (error) {
    return { id, error: String(error?.stack ?? error) }
  }
}

console.log = console.warn = console.error = () => {} // clients talk; standard output is ours
createInterface({ input: process.stdin })
  .on('line', line => process.stdout.write(JSON.stringify(answer(line)) + '\n'))
  .on('close', () => process.exit(0))
