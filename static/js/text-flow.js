// @ts-check
/** @import {Painter} from "./painter.js" */

// In characters, as in chatstream/web/parts.py.
const BLOCK = 1_000;
/** No line that anybody reads is longer: it is broken at a word's end. */
const LINE = 8_000;
/** A text with more, that comes as a whole, is laid out block by block, as they come into view. */
const LONG = 16_000;

/**
 * Text that grows inside an element. Each paragraph is a block of its own, so that a finished one is never laid out again;
 * a long one ends with its line. (Code without empty lines, as one block, took 47 % of a core in layout towards the end of
 * 20 000 tokens.) The blocks' text joined is the text that came, to the letter.
 *
 * An element that already holds text takes the stream from its beginning: nothing is drawn until the stream has caught
 * up with what the page shows, and then only what is new.
 */
export class TextFlow {
  #shown;
  #pending = "";
  /** @type {Text | null} */
  #tail = null;

  /** @param {HTMLElement} element @param {Painter} painter */
  constructor(element, painter) {
    this.element = element;
    this.painter = painter;
    this.#shown = element.textContent ?? "";
    this.#tail = lastBlock(element);
  }

  get empty() {
    return this.#pending === "" && this.element.textContent === "";
  }

  /** Whether the stream has brought no more yet than what was shown before it. */
  get repeats() {
    return this.#shown !== "" && this.#pending.length <= this.#shown.length;
  }

  /** @param {string} piece */
  add(piece) {
    this.#pending += piece;
    this.painter.request(this);
  }

  paint() {
    if (this.#shown !== "" && !this.#catchUp()) return;
    if (this.#pending !== "") this.#append(this.#pending);
    this.#pending = "";
  }

  /** The stream has ended: what it brought is the whole text, also where the page showed another. */
  finish() {
    this.painter.flush();
    if (this.#shown !== "" && this.#pending !== "") this.replace(this.#pending);
    this.#shown = this.#pending = "";
  }

  /** @param {string} text */
  replace(text) {
    this.#shown = this.#pending = "";
    if (this.element.textContent === text) return;
    this.#empty();
    if (text !== "") this.#append(text);
    if (text.length > LONG) for (const block of this.element.children) block.classList.add("text-block-far");
  }

  #empty() {
    this.element.textContent = "";
    this.#tail = null;
  }

  /** @returns {boolean} whether the stream has come as far as what is shown */
  #catchUp() {
    const caughtUp = this.#pending.startsWith(this.#shown);
    if (!caughtUp && this.#shown.startsWith(this.#pending)) return false;
    if (caughtUp) this.#pending = this.#pending.slice(this.#shown.length);
    else this.#empty();
    this.#shown = "";
    return true;
  }

  /** @param {string} text */
  #append(text) {
    let tail = this.#tail ?? this.#block(this.element.firstChild);
    const whole = tail.data + text;
    for (let at = 0; ; tail = this.#block(null)) {
      const end = Math.max(blockEnd(whole, at), at + tail.length); // what is shown stays where it is
      tail.appendData(whole.slice(at + tail.length, end));
      if (end === whole.length) break;
      at = end;
    }
    this.#tail = tail;
  }

  /** @param {ChildNode | null} content text that becomes the block's; none makes an empty one */
  #block(content) {
    const block = document.createElement("span");
    block.className = "text-block";
    const text = content instanceof Text ? content : new Text();
    block.append(text);
    this.element.append(block);
    return text;
  }
}

/** @param {HTMLElement} element what was written there before goes on where it ended */
function lastBlock(element) {
  const text = element.querySelector(":scope > .text-block:last-child")?.lastChild;
  return text instanceof Text ? text : null;
}

/** @param {string} text @param {number} at where a block begins @returns {number} where it ends */
function blockEnd(text, at) {
  const most = text.slice(at, at + LINE);
  const found = [most.indexOf("\n\n") + 2, most.indexOf("\n", BLOCK - 1) + 1].filter((end) => end > 1);
  if (found.length > 0 || most.length < LINE) return at + Math.min(...found, most.length);
  const words = most.lastIndexOf(" ") + 1;
  if (words > BLOCK) return at + words;
  return at + (/[\uD800-\uDBFF]$/.test(most) ? LINE - 1 : LINE); // two halves of one character stay together
}
