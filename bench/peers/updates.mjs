// Prepares what the load generator sends: `node updates.mjs KIND WRITERS UPDATES FILE`.
//
// Every update is made by real Yjs in a document of its writer's own, one keystroke (or paste) per transaction, so that
// writers never depend on each other. The file's format stands at `open_stream` in generator.c. Deterministic.
//
//   typing    a keystroke at the cursor, which jumps somewhere else every thirty or so
//   document  the same, and one keystroke in eight is a backspace
//   paste     2,000 characters at a time
import { openSync, writeSync, closeSync } from 'node:fs'
import * as Y from 'yjs'

const FIRST_WRITER = 1000
const [kind, writers, updates, file] = [process.argv[2], +process.argv[3], +process.argv[4], process.argv[5]]
const PASTE = 'the quick brown fox jumps over the lazy dog, and then '.repeat(40).slice(0, 2000)

let seed = 42
const random = below => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return Math.floor(seed / 4294967296 * below)
}

function u32 (value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function write (writer) {
  const doc = new Y.Doc()
  doc.clientID = FIRST_WRITER + writer
  const text = doc.getText('content')
  const parts = []
  let clock = 0
  let cursor = 0
  doc.on('update', update => parts.push(u32(clock), u32(update.length), Buffer.from(update)))
  for (let i = 0; i < updates; i++) {
    if (random(30) === 0) cursor = random(text.length + 1)
    if (kind === 'document' && cursor > 0 && random(8) === 0) {
      text.delete(--cursor, 1)
      continue
    }
    const typed = kind === 'paste' ? PASTE : 'etaoin shrdlu'[random(13)]
    clock += typed.length
    text.insert(cursor, typed)
    cursor += typed.length
  }
  return Buffer.concat([u32(updates), u32(clock), ...parts])
}

const out = openSync(file, 'w')
writeSync(out, u32(writers))
for (let writer = 0; writer < writers; writer++) writeSync(out, write(writer))
closeSync(out)
