// @ts-check
/** @import {NumberedFrame} from "./types.js" */
import { alive } from "./connection.js";

/**
 * The frames of a stream, as docs/api.md §1 writes them: an `id:` line, one `data:` line of JSON, an empty line.
 * A frame that was cut off is not given. Ends when the body ends; throws what the network throws.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {AbortSignal} signal leaves the stream
 * @returns {AsyncGenerator<NumberedFrame, void, void>}
 */
export async function* frames(body, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new FrameParser();
  try {
    for (;;) {
      const { value, done } = await alive(reader.read(), signal);
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Cuts text at line feeds and puts frames together; keeps what is unfinished. */
export class FrameParser {
  #rest = "";
  #id = 0;
  #data = "";

  /**
   * @param {string} text as much as has come
   * @returns {Generator<NumberedFrame, void, void>}
   */
  *feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id: ")) this.#id = Number(line.slice(4));
      else if (line.startsWith("data: ")) this.#data = line.slice(6);
      else if (line === "" && this.#data !== "") yield this.#frame();
    }
  }

  #frame() {
    const frame = { id: this.#id, data: JSON.parse(this.#data) };
    this.#data = "";
    return frame;
  }
}
