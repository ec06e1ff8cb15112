// @ts-check

/** @typedef {{id: string, data: string}} ServerEvent  The id is the last one that came, and persists. */

/**
 * The server-sent events of a body; one that was cut off is not given. Ends when the body ends, throws what the network
 * throws.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {<T>(read: Promise<T>) => Promise<T>} [watch] may give up a connection that brings nothing
 * @returns {AsyncGenerator<ServerEvent, void, void>}
 */
export async function* events(body, watch = (read) => read) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { value, done } = await watch(reader.read());
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Cuts text into lines and puts events together; keeps what is unfinished. Lines end with LF or CRLF, in any cut. */
class EventParser {
  #rest = "";
  #id = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} text as much as has come
   * @returns {Generator<ServerEvent, void, void>}
   */
  *feed(text) {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id:")) this.#id = value(line);
      else if (line.startsWith("data:")) this.#data.push(value(line));
      else if (line === "" && this.#data.length > 0) yield { id: this.#id, data: this.#data.splice(0).join("\n") };
    }
  }
}

/** Of a field: one space after the colon is none of it. @param {string} line */
function value(line) {
  return line.slice(line.indexOf(":") + 1).replace(/^ /, "");
}
