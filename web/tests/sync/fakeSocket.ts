import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { Awareness } from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

/** A WebSocket to a server that holds one Hocuspocus document; it acknowledges when the test says so. */
export class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readyState = 0;
  binaryType = "";
  /** Answers that the server keeps back, in order. */
  readonly receipts: (() => void)[] = [];
  readonly server = new Y.Doc();
  readonly awareness = new Awareness(this.server);

  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  close(): void {
    this.drop(1006);
  }

  /** The connection is lost. */
  drop(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }));
  }

  send(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    const address = decoding.readVarString(decoder);
    const type = decoding.readVarUint(decoder);
    if (type === 2) this.#authenticate(address);
    if (type === 0) this.#sync(address, decoder);
  }

  /** Sends the body of a message about `address`. */
  receive(address: string, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarString(encoder, address);
    write(encoder);
    const { buffer } = Uint8Array.from(encoding.toUint8Array(encoder));
    this.dispatchEvent(Object.assign(new Event("message"), { data: buffer }));
  }

  status(address: string, value: number): void {
    this.receive(address, (encoder) => {
      encoding.writeVarUint(encoder, 8);
      encoding.writeVarUint(encoder, value);
    });
  }

  acknowledgeAll(): void {
    for (const receipt of this.receipts.splice(0)) receipt();
  }

  #authenticate(address: string): void {
    this.receive(address, (encoder) => {
      encoding.writeVarUint(encoder, 2);
      encoding.writeVarUint(encoder, 2);
      encoding.writeVarString(encoder, "read-write");
    });
    this.receive(address, (encoder) => {
      encoding.writeVarUint(encoder, 0);
      sync.writeSyncStep1(encoder, this.server);
    });
  }

  #sync(address: string, decoder: decoding.Decoder): void {
    const reply = encoding.createEncoder();
    encoding.writeVarUint(reply, 0);
    const kind = sync.readSyncMessage(decoder, reply, this.server, null);
    if (kind === 0) {
      const body = encoding.toUint8Array(reply);
      this.receive(address, (encoder) => encoding.writeUint8Array(encoder, body));
    } else this.receipts.push(() => this.status(address, 1));
  }
}
