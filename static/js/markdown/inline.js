// @ts-check
/** @import {Delimiter} from "./emphasis.js" */
import { closeAtEnd, mark, pair, run } from "./emphasis.js";
import { link, target, withAddresses } from "./links.js";
import { code, special } from "./special.js";
import { tree } from "./tree.js";
import { t } from "../words.js";

/**
 * @typedef {{type: "text" | "code", text: string, odd?: boolean}} Written
 * @typedef {{type: "math", text: string, display: boolean, open: boolean}} Formula
 * @typedef {{type: "element", tag: string, attributes: Record<string, string>, children: Node[]}} Element
 * @typedef {{type: "task", checked: boolean}} Task
 * @typedef {Written | Formula | Element | Task} Node
 * @typedef {Written | Formula | {type: "open", tag: string, attributes: Record<string, string>} | {type: "close"}} Token
 */

const PLAIN = /[^\n\\`*_~![\]<&$]+/y;

/**
 * The text of one block, by CommonMark's rules and GitHub's.
 *
 * @param {string} source
 * @param {boolean} ended whether it is whole; of one that grows, what is open at its end is taken for closed there
 * @returns {Node[]}
 */
export function inline(source, ended) {
  return new Scanner(ended ? source : source.replace(/[\s*_~`\\![<&$]+$/, ""), ended).nodes();
}

class Scanner {
  #at = 0;
  /** @type {Token[]} */
  #tokens = [];
  /** @type {Delimiter[]} */
  #delimiters = [];
  /** @type {{token: number, image: boolean, delimiters: number, active: boolean}[]} */
  #brackets = [];

  /** @param {string} source @param {boolean} ended */
  constructor(source, ended) {
    this.source = source;
    this.ended = ended;
  }

  nodes() {
    while (this.#at < this.source.length) this.#next();
    pair(this.#delimiters);
    if (!this.ended) closeAtEnd(this.#tokens, this.#delimiters);
    mark(this.#tokens, this.#delimiters);
    return withAddresses(tree(this.#tokens), this.ended);
  }

  #next() {
    const { source } = this;
    PLAIN.lastIndex = this.#at;
    const plain = PLAIN.exec(source);
    if (plain) return this.#text(plain[0]);
    const char = source[this.#at] ?? "";
    if (char === "\n") this.#newline();
    else if (char === "[" || source.startsWith("![", this.#at)) this.#bracket(char === "!");
    else if (char === "]") this.#closeBracket();
    else if (char === "*" || char === "_" || char === "~") this.#run(char);
    else if (char === "`") this.#code();
    else this.#special(char);
  }

  /** @param {string} text */
  #text(text) {
    this.#tokens.push({ type: "text", text });
    this.#at += text.length;
  }

  #newline() {
    const last = this.#tokens.at(-1);
    if (last?.type === "text") last.text = last.text.replace(/ +$/, "");
    this.#tokens.push({ type: "text", text: "\n" });
    this.#at += /^\n[ \t]*/.exec(this.source.slice(this.#at))?.[0].length ?? 1;
  }

  /** @param {string} char */
  #special(char) {
    const found = special(char, this.source, this.#at, this.ended);
    if (!found) return this.#text(char);
    this.#tokens.push(...found.tokens);
    this.#at = found.end;
  }

  #code() {
    const found = code(this.source, this.#at, this.ended);
    this.#tokens.push(found.token);
    this.#at = found.end;
  }

  /** @param {string} marker */
  #run(marker) {
    const found = run(this.source, this.#at, marker, this.#tokens.length);
    this.#tokens.push(...found.tokens);
    this.#delimiters.push(...found.delimiters);
    this.#at = found.end;
  }

  /** @param {boolean} image */
  #bracket(image) {
    this.#brackets.push({ token: this.#tokens.length, image, delimiters: this.#delimiters.length, active: true });
    this.#text(image ? "![" : "[");
  }

  #closeBracket() {
    const opener = this.#brackets.pop();
    const found = opener?.active ? target(this.source, this.#at + 1, this.ended) : null;
    if (!opener || !found) return this.#text("]");
    const inner = this.#delimiters.splice(opener.delimiters);
    pair(inner);
    mark(this.#tokens, inner);
    if (opener.image) this.#tokens.splice(opener.token + 1, Infinity, { type: "text", text: plainly(this.#tokens.slice(opener.token + 1)) });
    else for (const bracket of this.#brackets) bracket.active &&= bracket.image;
    this.#tokens[opener.token] = found.open ? { type: "open", tag: "span", attributes: {} } : link(found.address, opener.image ? "image" : "link");
    this.#tokens.push({ type: "close" });
    this.#at = found.end;
  }
}

/** @param {Token[]} tokens */
function plainly(tokens) {
  return tokens.map((token) => ("text" in token ? token.text : "")).join("") || t("Image");
}
