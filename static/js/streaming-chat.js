// @ts-check
/** `<streaming-chat prompt="…">` writes an answer into any page, once it comes into view: docs/browser.md. */
import { answer, BROKEN, Failure } from "./streaming-answer.js";

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
  :host { display: block; min-height: 1lh; overflow-wrap: anywhere; text-align: start; unicode-bidi: plaintext; }
  :host([state]) { white-space: pre-wrap; }
  :host([hidden]) { display: none; }
  :host([aria-busy="true"]) slot::after { display: inline-block; height: 1.1em; vertical-align: text-bottom;
    border-inline-start: 2px solid var(--streaming-chat-caret, currentColor); content: ""; }
  [part="notice"]:not(:empty) { display: block; font-size: smaller; }`);

class StreamingChat extends HTMLElement {
  static observedAttributes = ["prompt", "src", "model", "system", "max-tokens", "temperature"];
  #asked = "";
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

  connectedCallback() { queueMicrotask(() => this.#settle()); }
  disconnectedCallback() { queueMicrotask(() => this.#settle()); }
  attributeChangedCallback() { queueMicrotask(() => this.#settle()); }

  /** After all that is done in one go: several attributes are one change, and a move in the page is no removal. */
  #settle() {
    if (!this.isConnected) this.abort();
    else if (this.#asked !== this.#question) this.restart();
  }

  get #question() {
    return JSON.stringify(StreamingChat.observedAttributes.map((name) => this.getAttribute(name)));
  }

  restart() {
    this.abort();
    this.#asked = this.#question;
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
      const { message, code } = error instanceof Failure ? error : BROKEN;
      this.#notice.textContent = message;
      this.#become("error", "error", { message, code });
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
