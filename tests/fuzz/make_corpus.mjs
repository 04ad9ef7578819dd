// Makes tests/fuzz/corpus.json: what real Yjs clients send, as histories of updates in hex.
// Each update of a history may be applied once those before it are. Run: node tests/fuzz/make_corpus.mjs, with `yjs` at hand.
import * as Y from 'yjs'
import { writeFileSync } from 'node:fs'

let seed = 1
const random = (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >> 8) % below
}
const hex = (bytes) => Buffer.from(bytes).toString('hex')

/** Clients that edit and exchange everything now and then; the history is what a server would hear, in order. */
const play = (clientIds, rounds, act) => {
  const server = new Y.Doc()
  const history = []
  const hear = (update) => { Y.applyUpdate(server, update); history.push(hex(update)) }
  const clients = clientIds.map((id) => Object.assign(new Y.Doc(), { clientID: id }))
  const tools = clients.map((doc) => act.setup?.(doc))
  const outboxes = clients.map(() => [])
  clients.forEach((doc, i) => doc.on('update', (update, origin) => origin === 'server' || outboxes[i].push(update)))
  for (let round = 0; round < rounds; round++) {
    clients.forEach((doc, i) => act.step(doc, round, tools[i]))
    if (random(3) === 0) {
      outboxes.forEach((outbox) => {
        if (outbox.length > 2 && random(2) === 0) hear(Y.mergeUpdates(outbox)); else outbox.forEach(hear)
        outbox.length = 0
      })
      clients.forEach((doc) => Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)), 'server'))
    }
  }
  outboxes.forEach((outbox) => outbox.forEach(hear))
  return { history, server, clients }
}

/** The position itself, or the next one that is not between the halves of a surrogate pair. */
const edgeIn = (text) => (at) => {
  const code = text.toString().charCodeAt(at)
  return code >= 0xdc00 && code < 0xe000 ? at + 1 : at
}

const words = ['a', 'word ', '\n', 'ümläut ', '😀', 'line of text\n', '漢字', 'x'.repeat(40)]
const typing = {
  setup: (doc) => new Y.UndoManager(doc.getText('content'), { captureTimeout: 0 }),
  step: (doc, round, undo) => {
    const text = doc.getText('content')
    const edge = edgeIn(text)
    const at = edge(random(text.length + 1))
    if (random(8) === 0) undo.undo()
    else if (random(10) === 0) undo.redo()
    else if (random(3) === 0 && text.length) {
      const end = edge(Math.min(text.length, at + 1 + random(12)))
      text.delete(at, end - at)
    } else text.insert(at, words[random(words.length)])
  }
}

/** The same for rich text, where an embed counts one. */
const richEdge = (text, at) => {
  let end = 0
  for (const { insert } of text.toDelta()) {
    const length = typeof insert === 'string' ? insert.length : 1
    if (at <= end + length) return typeof insert === 'string' ? end + edgeIn(insert)(at - end) : at
    end += length
  }
  return end
}

const structured = {
  step: (doc, round) => {
    const map = doc.getMap('map'); const list = doc.getArray('list'); const xml = doc.getXmlFragment('prosemirror')
    const edgeRich = (at) => richEdge(doc.getText('rich'), at)
    const actions = [
      () => map.set('key' + random(4), { nested: [1, -2.5, 'ä😀', null, true, { deep: [[[]]] }], big: 2 ** 40 }),
      () => map.set('undefined', undefined),
      () => map.set('bytes', new Uint8Array([1, 2, 255])),
      () => map.set('bigint', 123456789012345678n),
      () => map.delete('key' + random(4)),
      () => list.insert(random(list.length + 1), ['text', '😀', round, [round]]),
      () => list.length > 2 && list.delete(random(list.length - 1), 1),
      () => map.set('text', new Y.Text('hello')),
      () => { const text = doc.getText('rich'); text.insert(edgeRich(random(text.length + 1)), 'rich 😀', { bold: true, link: { href: 'x' } }) },
      () => { const text = doc.getText('rich'); const end = edgeRich(4); end < text.length && text.format(0, end, { bold: null, italic: true }) },
      () => doc.getText('rich').insertEmbed(0, { image: 'https://example.org/ü.png', size: [1, 2.5e-3] }),
      () => doc.getText('rich').setAttribute('direction', 'rtl'),
      () => {
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.setAttribute('level', String(random(6)))
        xml.insert(random(xml.length + 1), [paragraph])
        paragraph.insert(0, [new Y.XmlText('in a paragraph')])
      },
      () => { const first = xml.get(0); first && first.length && first.get(0).insert(0, '…😀') },
      () => xml.length > 3 && xml.delete(random(xml.length - 1), 1),
      () => {
        let parent = new Y.Map()
        map.set('tree', parent)
        for (let depth = 0; depth < 20; depth++) { const child = new Y.Map(); parent.set('child', child); parent = child }
        parent.set('leaf', [depthless])
      },
      () => { const doc2 = new Y.Doc({ guid: 'sub-' + random(3) }); map.set('subdocument', doc2) },
      () => { const table = new Y.Array(); list.push([table]); table.push([new Y.Map([['cell', 1]]), 'x']) },
    ]
    doc.transact(() => { for (let n = 0; n <= random(3); n++) actions[random(actions.length)]() })
  }
}
const depthless = 'leaf'

/**
 * Clients that know the same start and then work apart, in what others delete: updates of each client come in its
 * order, those of different clients in any. The first history is the start, the others are one per client; each ends
 * with all that the client has, as after a reconnection, and with some of it merged, which leaves out the rest.
 */
const apart = (clientIds, rounds) => {
  const start = Object.assign(new Y.Doc(), { clientID: 3000000100 })
  const plant = (map, depth) => {
    for (const key of ['a', 'b']) {
      map.set(key, depth ? new Y.Map() : new Y.Text('leaf 😀'))
      depth && plant(map.get(key), depth - 1)
    }
    map.set('list', Y.Array.from([1, new Y.Array(), 'two']))
    map.set('value', depth)
  }
  start.transact(() => plant(start.getMap('map'), 2))
  const histories = [[Y.encodeStateAsUpdate(start)]]
  for (const clientID of clientIds) {
    const doc = Object.assign(new Y.Doc(), { clientID })
    Y.applyUpdate(doc, histories[0][0])
    const undo = new Y.UndoManager(doc.getMap('map'), { captureTimeout: 0 })
    const updates = []
    doc.on('update', (update) => updates.push(update))
    for (let round = 0; round < rounds; round++) doc.transact(() => wander(doc.getMap('map'), round))
    for (let n = 0; n < 3; n++) { undo.undo(); plant(doc.getMap('map'), 0) }
    histories.push([...updates, Y.encodeStateAsUpdate(doc), Y.mergeUpdates([updates[0], updates.at(-1), updates[4]])])
  }
  return histories.map((history) => history.map(hex))
}

/** One edit somewhere in the tree of maps; edges of text stay between characters. */
const wander = (map, round) => {
  const shared = ['a', 'b'].map((key) => map.get(key)).filter((value) => value instanceof Y.Map)
  if (shared.length && random(5)) return wander(shared[random(shared.length)], round)
  const key = 'ab'[random(2)]
  const [list, text] = [map.get('list'), map.get(key)]
  const actions = [
    () => map.delete(key),
    () => map.set(key, new Y.Map([['a', new Y.Map([['value', round]])], ['list', Y.Array.from([round])]])),
    () => map.set('value', ['value', round]),
    () => map.set('value', new Uint8Array([round])),
    () => map.delete('value'),
    () => list && list.insert(random(list.length + 1), [round, 'x', new Y.Text('😀 in a list')]),
    () => list && list.length > 1 && list.delete(random(list.length), 1),
    () => list && list.toArray().filter((value) => value instanceof Y.Array).forEach((inner) => inner.push([new Y.Map()])),
    () => text instanceof Y.Text && text.insert(0, 'in front'),
    () => text instanceof Y.Text && text.length > 4 && text.delete(1, 2),
    () => text instanceof Y.Text && text.format(0, 1, { bold: true }),
  ]
  actions[random(actions.length)]()
}

const corpus = { files: [], docs: [] }
for (const [kind, act, rounds, games] of [['files', typing, 40, 4], ['docs', structured, 24, 4]]) {
  for (let game = 0; game < games; game++) {
    const { history, server, clients } = play([3000000001 + game, 17 + game, 2 ** 32 - 1 - game], rounds, act)
    corpus[kind].push(history)
    corpus[kind].push([hex(Y.encodeStateAsUpdate(server))])
    corpus[kind].push([history[0], hex(Y.encodeStateAsUpdate(clients[0]))])
    corpus[kind].push([hex(Y.mergeUpdates(history.map((update) => Buffer.from(update, 'hex'))))])
  }
}
corpus.apart = apart([3000000101, 17, 2 ** 32 - 1], 30)
writeFileSync(new URL('./corpus.json', import.meta.url), JSON.stringify(corpus, null, 0) + '\n')
