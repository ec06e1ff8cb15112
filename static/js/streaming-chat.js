// @ts-check
/** `<streaming-chat prompt="…">` writes an answer into any page, once its place comes into view. docs/browser.md shows its use. */
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
  :host { display: block; min-height: 1lh; overflow-wrap: anywhere; text-align: start; unicode-bidi: plaintext; }
  :host([state]) { white-space: pre-wrap; } :host([hidden]) { display: none; }
  :host([aria-busy="true"]) slot::after { display: inline-block; height: 1.1em; vertical-align: text-bottom;
    border-inline-start: 2px solid var(--streaming-chat-caret, currentColor); content: ""; }
  [part="notice"]:not(:empty) { display: block; font-size: smaller; }`);

/** @typedef {{text?: string | null, end?: string}} Piece  The last one has an end: complete, length or filtered. */
/** Why there is no whole answer: in the server's words, where it said any. @param {any} said @param {string} otherwise @param {any} code */
function failure(said, otherwise, code) {
  const message = said?.message ?? (typeof said === "string" ? said : otherwise);
  return Object.assign(new Error(message), { detail: { message, code: String(said?.code ?? said?.type ?? code) } });
}

/** OpenAI's chunks. `[DONE]` is the mark of success; the finish reason came before it. @returns {(data: string) => Piece} */
function chunks() {
  let end = "complete";
  return (data) => {
    if (data === "[DONE]") return { end };
    const { choices, error } = JSON.parse(data);
    if (error) throw failure(error, "The answer failed.", "failed");
    const { delta, text, finish_reason: reason } = choices?.[0] ?? {};
    if (reason) end = reason === "length" ? "length" : reason === "content_filter" ? "filtered" : "complete";
    return { text: delta?.content ?? text };
  };
}

/** A frame of a recorded answer, the last of which has its state. @param {string} data @returns {Piece} */
function frame(data) {
  const { text, state, error } = JSON.parse(data);
  if (!state || ["complete", "length", "filtered"].includes(state)) return { text, end: state };
  throw failure(error, "The answer was stopped.", state);
}

/** The data of each server-sent event: one line in both forms. A line that was cut off is not given. @param {ReadableStream} body */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "", read; !(read = await reader.read()).done; ) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

/** @param {(string | null)[]} asked by these attributes @param {AbortSignal} signal @returns {AsyncGenerator<Piece, void, void>} */
async function* answer([prompt, src, model, system, tokens, temperature], signal) {
  signal.throwIfAborted();
  const url = new URL(src ?? "v1/completions", new URL("../../", import.meta.url));
  const [route] = /\/(chat\/completions|completions|chat)$/.exec(url.pathname) ?? [];
  if (!route) throw failure(null, "src has to end in /completions, /chat/completions or /chat.", "unknown_src");
  const messages = [{ role: "system", content: system }, { role: "user", content: prompt }].filter(({ content }) => content);
  const text = messages.map(({ content }) => content).join("\n\n");
  const question = { "/chat": { prompt, system }, "/completions": { prompt: text }, "/chat/completions": { messages } }[route];
  const options = { model, max_tokens: tokens && Number(tokens), temperature: temperature && Number(temperature) };
  const body = JSON.stringify({ ...options, ...question, stream: true }, (_, value) => value ?? undefined);
  const recorded = route === "/chat";
  const head = fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal: recorded ? null : signal });
  if (recorded) signal.addEventListener("abort", () => head.then(stop).catch(() => {}));
  const response = await head.catch(() => null);
  if (!response) throw failure(null, "The server could not be reached, or does not let this page ask it.", "unreachable");
  const refusal = response.ok ? null : await response.json().catch(() => null);
  if (!response.ok) throw failure(refusal?.error ?? refusal, `The server answered with status ${response.status}.`, response.status);
  const piece = recorded ? frame : chunks();
  for await (const data of events(/** @type {ReadableStream} */ (response.body))) yield piece(data);
  throw failure(null, "The answer ended before it was whole.", "broken");
}

/** A run does not end with its reader. @param {Response} response of the run, if it began */
async function stop({ url, headers }) {
  const run = headers.get("X-Run-Id");
  if (run) await fetch(new URL(`runs/${run}/stop`, url), { method: "POST", keepalive: true });
}

class StreamingChat extends HTMLElement {
  static observedAttributes = ["prompt", "src", "model", "system", "max-tokens", "temperature"];
  #asked = "";
  #question = () => JSON.stringify(StreamingChat.observedAttributes.map((name) => this.getAttribute(name)));
  #text = new Text();
  #notice = Object.assign(document.createElement("span"), { part: "notice", role: "status" });
  #aborter = new AbortController();
  #sight = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && this.#ask());

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.append(Object.assign(document.createElement("slot"), { part: "text" }), this.#notice);
    shadow.adoptedStyleSheets = [SHEET];
  }

  connectedCallback() { this.#settle(); }
  disconnectedCallback() { this.#settle(); }
  attributeChangedCallback() { this.#settle(); }

  /** After all that is done to it in one go: several attributes are one change, and a move within the page is no removal. */
  #settle() {
    queueMicrotask(() => (this.isConnected ? this.#asked !== this.#question() && this.restart() : this.abort()));
  }

  restart() {
    this.abort();
    this.#asked = this.#question();
    if (this.getAttribute("loading") === "eager") this.#ask();
    else this.#sight.observe(this);
  }

  /** Leaves the answer that is being written, as far as it came. */
  abort() {
    this.#sight.disconnect();
    if (/done|error/.test(this.getAttribute("state") ?? "")) return;
    this.#aborter.abort();
    this.#asked = "";
    for (const name of ["state", "aria-busy"]) this.removeAttribute(name);
  }

  async #ask() {
    this.#sight.disconnect();
    if (!this.getAttribute("prompt")) return;
    const asked = JSON.parse(this.#asked);
    const { signal } = (this.#aborter = new AbortController());
    this.#text.data = this.#notice.textContent = "";
    this.replaceChildren(this.#text);
    this.#become("waiting", "start");
    try {
      for await (const { text, end } of answer(asked, signal)) {
        this.#text.appendData(text ?? "");
        if (text) this.#become("streaming", "delta", { text });
        if (end) return this.#become("done", "done", { text: this.#text.data, state: end });
        signal.throwIfAborted();
      }
    } catch (/** @type {any} */ error) {
      if (signal.aborted) return;
      const detail = error.detail ?? { message: "The connection broke before the answer was whole.", code: "broken" };
      this.#notice.textContent = detail.message;
      this.#become("error", "error", detail);
    }
  }

  /** @param {string} state @param {string} event @param {object} [detail] */
  #become(state, event, detail) {
    this.setAttribute("state", state);
    this.setAttribute("aria-busy", String(state === "waiting" || state === "streaming"));
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

if (!customElements.get("streaming-chat")) customElements.define("streaming-chat", StreamingChat);
