// @ts-check
/** @import {Painter} from "./painter.js" */
/** @import {ToolCall} from "./types.js" */
import { find } from "./dom.js";
import { MarkdownFlow } from "./markdown-flow.js";
import { stretches } from "./stretches.js";
import { ToolCalls } from "./tool-calls.js";

/**
 * What an answer says, in the order in which it came: text, and between it the tools that were called there. In the page an
 * element for tools stands before each for text, and may be empty.
 */
export class Said {
  #at = 0;
  #flows;

  /** @param {HTMLElement} article @param {Painter} painter */
  constructor(article, painter) {
    this.painter = painter;
    if (article.querySelector(".text.answer")) this.#prune(article); // of a page that streamed
    this.#flows = [...article.querySelectorAll(".answer")].map((element) => new MarkdownFlow(/** @type {HTMLElement} */ (element), painter));
    this.tools = new ToolCalls(find(article, ".tools", HTMLElement));
  }

  get empty() {
    return this.#flows.every((flow) => flow.empty);
  }

  /** The Markdown that came, where all of it did. */
  get source() {
    return this.#flows.map((flow) => flow.source).join("");
  }

  /** Whether the stream has brought no more yet than what was shown before it. */
  get repeats() {
    return this.#flow.repeats;
  }

  /** @param {string} piece */
  add(piece) {
    this.#flow.add(piece);
  }

  /** @param {ToolCall} call a name at first, then pieces of its arguments */
  called(call) {
    if (!this.tools.has(call.index) && this.#flow.came) this.#goOn();
    this.tools.called(call);
  }

  finish() {
    this.#flow.finish();
  }

  /** As a message has it. @param {string} content @param {ToolCall[]} calls */
  replace(content, calls) {
    const parts = stretches(content, calls);
    for (const { element } of this.#flows.splice(parts.length)) element.previousElementSibling?.remove(), element.remove();
    this.#at = 0;
    this.tools = new ToolCalls(this.#place);
    parts.forEach(({ calls: some, text }, n) => {
      if (n > 0) this.#goOn();
      this.#place.replaceChildren();
      this.tools.add(some);
      this.#flow.replace(text);
    });
  }

  get #flow() {
    return /** @type {MarkdownFlow} */ (this.#flows[this.#at]);
  }

  /** Where the tools stand that come before the text. */
  get #place() {
    return /** @type {HTMLElement} */ (this.#flow.element.previousElementSibling);
  }

  /** Tools were called behind the text, which is whole therefore. */
  #goOn() {
    const { element } = this.#flow;
    this.#flow.finish();
    this.#at += 1;
    if (!this.#flow) this.#append(element);
    this.tools.goOn(this.#place);
  }

  /** @param {HTMLElement} last */
  #append(last) {
    const [tools, text] = [document.createElement("div"), document.createElement("div")];
    tools.className = "tools";
    text.className = "markdown answer";
    last.after(tools, text);
    this.#flows.push(new MarkdownFlow(text, this.painter));
  }

  /** All but the first text, which takes the place of what came as plain text. @param {HTMLElement} article */
  #prune(article) {
    for (const further of article.querySelectorAll(".answer ~ .answer, .answer ~ .tools")) further.remove();
  }
}
