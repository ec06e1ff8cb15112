// @ts-check
/** @import {Node} from "./inline.js" */
/** @import {Align} from "./table.js" */
import { copy, find } from "../dom.js";
import { inline } from "./inline.js";
import { task } from "./text.js";
import { sync } from "./sync.js";

/** So many characters of code are one block, of whole lines: a finished one is never laid out again. */
const PART = 1_000;

/**
 * Puts Markdown's blocks into an element. It only adds, but for the block that is being written: what is shown of that may
 * yet become something else. It bears the class `writing`.
 */
export class Writer {
  /** The open blocks: what stands in the page, and what takes their content. @type {{outer: Element, inner: Element}[]} */
  #open;
  /** What the open text holds. @type {Node[]} */
  #nodes = [];

  /**
   * @param {HTMLElement} element
   * @param {(code: HTMLElement) => void} coded a block of code was ended
   * @param {(block: Element) => void} written a block has formulas, of which some may be whole
   */
  constructor(element, coded, written) {
    this.#open = [{ outer: element, inner: element }];
    this.coded = coded;
    this.written = written;
  }

  /** @param {string} tag @param {Record<string, string>} [attributes] */
  open(tag, attributes = {}) {
    this.#mark(false);
    const outer = tag === "pre" ? frame(attributes.language ?? "") : tag === "table" ? copy("#table-template", ".table") : document.createElement(tag);
    const inner = outer.querySelector(tag === "pre" ? "code" : "table") ?? outer;
    if (this.#open.length === 1 && outer === inner && tag !== "hr") inner.setAttribute("dir", "auto"); // a list finds no direction in items that have one of their own
    if (outer === inner) for (const [name, value] of Object.entries(attributes)) inner.setAttribute(name, value);
    this.#last.inner.append(outer);
    this.#open.push({ outer, inner });
    this.#nodes = [];
    this.#mark(true);
  }

  close() {
    this.#mark(false);
    const { inner } = this.#last;
    this.#open.pop();
    if (inner instanceof HTMLElement && inner.localName === "code") this.coded(inner);
    this.#mark(true);
  }

  drop() {
    this.#last.outer.remove();
    this.#open.pop();
    this.#mark(true);
  }

  /** @param {string} source @param {boolean} ended */
  inline(source, ended) {
    const { inner } = this.#last;
    const box = inner.localName === "p" && inner.parentElement?.localName === "li" && !inner.previousElementSibling ? task(source, ended) : null;
    const nodes = inline(box ? box.rest : source, ended);
    if (box?.node) nodes.unshift(box.node);
    sync(inner, this.#nodes, nodes);
    this.#nodes = nodes;
    if (/[$\\]/.test(source)) this.written(inner);
  }

  /** @param {string} text */
  code(text) {
    const { inner } = this.#last;
    let part = inner.lastElementChild ?? inner.appendChild(codePart());
    for (let at = 0; at < text.length; ) {
      const end = full(part) ? text.indexOf("\n", at) + 1 : text.indexOf("\n", at + PART) + 1;
      const piece = end > 0 ? text.slice(at, end) : text.slice(at);
      add(part, piece);
      at += piece.length;
      if (end > 0) part = inner.appendChild(codePart());
    }
  }

  /** @param {Align[]} columns @param {string[]} cells */
  row(columns, cells) {
    const table = this.#last.inner;
    const head = table.childElementCount === 0;
    if (table.childElementCount < 2) table.append(document.createElement(head ? "thead" : "tbody"));
    const row = document.createElement("tr");
    columns.forEach((align, at) => {
      const cell = row.appendChild(document.createElement(head ? "th" : "td"));
      if (align) cell.className = `to-${align}`;
      sync(cell, [], inline(cells[at] ?? "", true));
    });
    table.lastElementChild?.append(row);
    this.written(row);
  }

  get #last() {
    return /** @type {{outer: Element, inner: Element}} */ (this.#open.at(-1));
  }

  /** @param {boolean} yes */
  #mark(yes) {
    if (this.#open.length === 1) return;
    const { inner } = this.#last;
    inner.classList.toggle("writing", yes);
    if (inner.className === "") inner.removeAttribute("class");
  }
}

/** @param {string} language */
function frame(language) {
  const code = copy("#code-template", ".code");
  find(code, ".code-language", HTMLElement).textContent = language;
  find(code, "code", HTMLElement).dataset.language = language;
  return code;
}

function codePart() {
  const part = document.createElement("span");
  part.className = "code-part";
  return part;
}

/** Whether the line's end ends it. @param {Element} part */
function full({ firstChild }) {
  return firstChild instanceof Text && firstChild.length > PART;
}

/** A line has no bound: a text is not made longer and longer, for that reads all of it. @param {Element} part @param {string} text */
function add(part, text) {
  const last = part.lastChild;
  if (last instanceof Text && last.length <= PART) last.appendData(text);
  else part.append(text);
}
