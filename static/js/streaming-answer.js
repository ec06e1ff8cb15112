// @ts-check
/** An answer for `<streaming-chat>`, piece by piece, from any of the routes that it may ask. */

/** @typedef {{text?: string | null, end?: string}} Piece  The last one has an end: complete, length or filtered. */

/** Why there is no whole answer: in the server's words, where it `said` any. */
export class Failure extends Error {
  /** @param {any} said @param {string} otherwise @param {unknown} code */
  constructor(said, otherwise, code) {
    super(said?.message ?? (typeof said === "string" ? said : otherwise));
    this.code = String(said?.code ?? said?.type ?? code);
  }
}

export const BROKEN = new Failure(null, "The answer ended before it was whole.", "broken");

/** OpenAI's chunks. `[DONE]` is the mark of success; the finish reason came before it. */
function chunks() {
  let end = "complete";
  return (/** @type {string} */ data) => {
    if (data === "[DONE]") return { end };
    const { choices, error } = JSON.parse(data);
    if (error) throw new Failure(error, "The answer failed.", "failed");
    const { delta, text, finish_reason: reason } = choices?.[0] ?? {};
    if (reason === "length") end = "length";
    if (reason === "content_filter") end = "filtered";
    return { text: delta?.content ?? text };
  };
}

/** A frame of a recorded answer, the last of which has its state. @param {string} data @returns {Piece} */
function frame(data) {
  const { text, state, error } = JSON.parse(data);
  if (!state || ["complete", "length", "filtered"].includes(state)) return { text, end: state };
  throw new Failure(error, "The answer was stopped.", state);
}

/** The data of each server-sent event; one that was cut off is not given. @param {Response} response */
async function* events({ body }) {
  const reader = /** @type {ReadableStream} */ (body).pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let rest = "", read; !(read = await reader.read()).done; ) {
      const blocks = (rest + read.value).split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (lines.length > 0) yield lines.map((line) => line.slice(5).trim()).join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {(string | null)[]} asked by these attributes @returns {[URL, string, object]} where, by which route, what */
function question([prompt, src, model, system, tokens, temperature]) {
  const url = new URL(src ?? "v1/completions", new URL("../../", import.meta.url));
  const [route = ""] = /\/(chat\/completions|completions|chat)$/.exec(url.pathname) ?? [];
  const asked = { role: "user", content: prompt };
  const body = {
    "/chat": { prompt, system },
    "/completions": { prompt: system ? `${system}\n\n${prompt}` : prompt },
    "/chat/completions": { messages: system ? [{ role: "system", content: system }, asked] : [asked] },
  }[route];
  if (!body) throw new Failure(null, "src has to end in /completions, /chat/completions or /chat.", "unknown_src");
  const options = { model, max_tokens: tokens && Number(tokens), temperature: temperature && Number(temperature) };
  return [url, route, { ...options, ...body, stream: true }];
}

/** @param {(string | null)[]} asked @param {AbortSignal} signal @returns {AsyncGenerator<Piece, void, void>} */
export async function* answer(asked, signal) {
  signal.throwIfAborted();
  const [url, route, given] = question(asked);
  const recorded = route === "/chat";
  const leaving = new AbortController();
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(given, (_, value) => value ?? undefined);
  const head = fetch(url, { method: "POST", headers, body, signal: leaving.signal }).catch(() => null);
  signal.addEventListener("abort", async () => {
    if (recorded) stop(await head);
    leaving.abort();
  });
  const response = await head;
  if (!response) throw new Failure(null, "The server is out of reach, or does not let this page ask.", "unreachable");
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new Failure(said?.error ?? said, `The server answered with status ${response.status}.`, response.status);
  }
  const piece = recorded ? frame : chunks();
  for await (const data of events(response)) yield piece(data);
  throw BROKEN;
}

/** A recorded answer does not end with its reader, but by its id. @param {Response | null} response */
function stop(response) {
  const run = response?.headers.get("X-Run-Id");
  if (run) fetch(new URL(`runs/${run}/stop`, response?.url), { method: "POST", keepalive: true }).catch(() => {});
}
