import { IndexeddbPersistence } from "y-indexeddb";
import type * as Y from "yjs";

let usable: Promise<boolean> | undefined;

/** Keeps a document on this device under `key` and loads what is kept; null where the browser forbids it.
 *
 * The key names the user, the project, the document and its epoch: edits of another user would be refused, and edits
 * on top of a history that was reset would come twice.
 */
export async function keepOnDevice(key: string, doc: Y.Doc): Promise<IndexeddbPersistence | null> {
  usable ??= canUseIndexedDb();
  if (!(await usable)) return null;
  return new IndexeddbPersistence(`atrium/${key}`, doc).whenSynced;
}

function canUseIndexedDb(): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open("atrium");
      opening.onsuccess = () => {
        opening.result.close();
        resolve(true);
      };
      opening.onerror = opening.onblocked = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}
