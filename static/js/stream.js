// @ts-check
/** @import {NumberedFrame} from "./types.js" */

/** A connection that sent nothing for this long, not even a comment, is taken for dead; the server's heart beats every 15 s. */
const SILENCE_MS = 45_000;
/** The same where it may have slept: in a tab that was hidden. */
const HIDDEN_SILENCE_MS = 20_000;

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

/**
 * A dead connection may say nothing for minutes. So it is given up after a silence, and where it has probably died: when
 * the browser is back online, or the tab is shown again.
 *
 * @template T
 * @param {Promise<T>} read
 * @param {AbortSignal} signal
 * @returns {Promise<T>} what was read; rejects with what ended the connection
 */
function alive(read, signal) {
  const since = Date.now();
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const dead = () => reject(new Error("The connection is dead."));
    const shown = () => !document.hidden && Date.now() - since > HIDDEN_SILENCE_MS && dead();
    const timer = setTimeout(dead, SILENCE_MS);
    over.signal.addEventListener("abort", () => clearTimeout(timer));
    window.addEventListener("online", dead, { signal: over.signal });
    document.addEventListener("visibilitychange", shown, { signal: over.signal });
    signal.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
    read.then(resolve, reject);
  }).finally(() => over.abort());
}
