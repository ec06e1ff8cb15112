// @ts-check
/** @import {Painter} from "./painter.js" */
import { colour } from "./colours.js";
import { draw } from "./drawing.js";
import { Blocks } from "./markdown/blocks.js";
import { Writer } from "./markdown/writer.js";

/** A text with more characters, that comes as a whole, is laid out block by block, as they come into view: `LONG` of parts.py. */
const LONG = 16_000;

/**
 * Markdown that grows inside an element. Finished blocks never change.
 *
 * An element that already shows some text takes the stream from its beginning: nothing is drawn until the stream has caught
 * up with what the page shows. `data-length` says how much that is, in the source.
 */
export class MarkdownFlow {
  #pending = "";
  #shown;
  #blocks;

  /** @param {HTMLElement} element @param {Painter} painter */
  constructor(element, painter) {
    this.element = element;
    this.painter = painter;
    /** The Markdown that came, where all of it did. */
    this.source = "";
    this.#shown = Number(element.dataset.length ?? element.textContent?.length ?? 0);
    this.#blocks = this.#anew();
  }

  get empty() {
    return this.#pending === "" && this.source === "" && this.#shown === 0;
  }

  /** Whether any of it came here, and not with the page. */
  get came() {
    return this.#pending !== "" || this.source !== "";
  }

  /** Whether the stream has brought no more yet than what was shown before it. */
  get repeats() {
    return this.#shown > 0 && this.#pending.length <= this.#shown;
  }

  /** @param {string} piece */
  add(piece) {
    this.#pending += piece;
    this.painter.request(this);
  }

  paint() {
    if (this.#pending.length < this.#shown) return;
    if (this.#shown > 0) this.#empty();
    if (this.#pending !== "") this.#write();
  }

  /** The stream has ended: what it brought is the whole text, also where the page showed another. */
  finish() {
    this.painter.flush();
    if (this.#shown > 0 && this.#pending !== "") this.replace(this.#pending);
    this.#pending = "";
    this.#blocks.end();
  }

  /** @param {string} text */
  replace(text) {
    if (text === this.source && this.#shown === 0 && this.#pending === "") return;
    this.#empty();
    this.#pending = text;
    this.element.classList.toggle("far", text.length > LONG);
    this.#write();
  }

  #write() {
    this.source += this.#pending;
    this.#blocks.write(this.#pending);
    this.#pending = "";
    this.element.dataset.length = String(this.source.length);
  }

  #empty() {
    this.element.replaceChildren();
    this.element.classList.replace("text", "markdown"); // without JavaScript it came as plain text
    this.source = "";
    this.#shown = 0;
    this.#blocks = this.#anew();
  }

  #anew() {
    return new Blocks(new Writer(this.element, (code) => void colour(code), (block) => draw(block, this.painter)));
  }
}
