// @ts-check
/** @import {Line} from "./line.js" */
/** @import {Sink} from "./structure.js" */
/** @import {Align} from "./table.js" */
import { fence, headingLevel, isRule, item } from "./starts.js";
import { cells, tableColumns } from "./table.js";
import { held } from "./formulas.js";
import { cut, language, seen, whole } from "./text.js";

/**
 * @typedef {{kind: "paragraph" | "heading", tag: string, text: string, held: string, goesOn: boolean} | {kind: "fence", mark: string, indent: number, empty: boolean} |
 *   {kind: "code", blanks: string, empty: boolean} | {kind: "table", columns: Align[]}} Open
 */

/** The open block that takes text: a paragraph, a heading, code, a table, or none. */
export class Leaf {
  #leaf = /** @type {Open | null} */ (null);
  /** Whether the present line is one of code. */
  #inCode = false;

  /** @param {Sink} sink */
  constructor(sink) {
    this.sink = sink;
  }

  get kind() {
    return this.#leaf?.kind;
  }

  beginLine() {
    this.#inCode = false;
  }

  /** More of a line that was begun. @param {string} text */
  more(text) {
    const leaf = this.#leaf;
    if (this.#inCode) this.sink.code(text);
    else if (leaf && "text" in leaf) (leaf.text += text, this.#cut(leaf));
  }

  endLine() {
    const leaf = this.#leaf;
    if (leaf?.kind === "heading") return this.close();
    if (leaf?.kind === "paragraph") leaf.held = held(leaf.text.slice(leaf.text.lastIndexOf("\n") + 1), leaf.held);
  }

  /** Tell how the open text stands. */
  show() {
    if (this.#leaf && "text" in this.#leaf) this.sink.inline(seen(this.#leaf), false);
  }

  close() {
    const leaf = this.#leaf;
    this.#leaf = null;
    if (!leaf) return;
    if ("text" in leaf && leaf.goesOn && whole(leaf) === "") return this.sink.drop();
    if ("text" in leaf) this.sink.inline(whole(leaf), true);
    this.sink.close();
  }

  /** @param {"paragraph" | "heading"} kind @param {string} tag @param {string} text */
  openText(kind, tag, text) {
    this.#leaf = { kind, tag, text: "", held: "", goesOn: false };
    this.sink.open(tag);
    this.more(text);
  }

  /** @param {{mark: string, info: string}} fence @param {number} indent */
  openFence({ mark, info }, indent) {
    this.#leaf = { kind: "fence", mark, indent, empty: true };
    this.sink.open("pre", { language: language(info) });
  }

  /** @param {Line} line */
  openCode(line) {
    const leaf = (this.#leaf = { kind: "code", blanks: "", empty: true });
    this.sink.open("pre", { language: "" });
    line.skip(4);
    this.#codeLine(leaf, line.rest);
  }

  /** Whether the open block goes on with a line that is in its container. @param {Line} line */
  goesOn(line) {
    const leaf = this.#leaf;
    if (leaf?.kind === "fence") return this.#fenced(leaf, line);
    if (leaf?.kind === "code") return this.#indented(leaf, line);
    if (leaf?.kind === "table") return this.#row(leaf, line);
    if (leaf?.kind === "paragraph" && leaf.held && !line.blank) return this.more(`\n${line.rest.trimStart()}`), true;
    return leaf?.kind === "paragraph" && this.#becomesTable(leaf, line);
  }

  /** @param {Extract<Open, {kind: "fence"}>} leaf @param {Line} line */
  #fenced(leaf, line) {
    const { mark, indent } = leaf, text = line.rest.trim();
    const ends = line.indent < 4 && text.length >= mark.length && text === (mark[0] ?? "").repeat(text.length);
    if (ends) this.close();
    else (line.skip(indent), this.#codeLine(leaf, line.rest));
    return true;
  }

  /** @param {Extract<Open, {kind: "code"}>} leaf @param {Line} line */
  #indented(leaf, line) {
    if (!line.blank && line.indent < 4) return false;
    line.skip(4);
    if (line.blank) leaf.blanks += `${line.rest}\n`;
    else (this.#codeLine(leaf, leaf.blanks + line.rest), (leaf.blanks = ""));
    return true;
  }

  /** Lines are told with what parts them from the one before: the last has no end. @param {{empty: boolean}} leaf @param {string} text */
  #codeLine(leaf, text) {
    this.#inCode = true;
    this.sink.code(leaf.empty ? text : `\n${text}`);
    leaf.empty = false;
  }

  /** @param {Extract<Open, {kind: "table"}>} leaf @param {Line} line */
  #row({ columns }, line) {
    const text = line.rest.trim();
    if (line.blank || line.indent >= 4 || text.startsWith(">") || fence(text) || headingLevel(text) || isRule(text) || item(text)) return false;
    this.sink.row(columns, cells(text));
    return true;
  }

  /** The second line of a table makes its first one, the paragraph's last, its head. @param {{text: string}} leaf @param {Line} line */
  #becomesTable(leaf, line) {
    const at = leaf.text.lastIndexOf("\n") + 1;
    const head = leaf.text.slice(at);
    const columns = line.indent < 4 ? tableColumns(head, line.rest.trim()) : null;
    if (!columns) return false;
    leaf.text = leaf.text.slice(0, at);
    if (at === 0) (this.#leaf = null, this.sink.drop());
    else this.close();
    this.#leaf = { kind: "table", columns };
    this.sink.open("table");
    this.sink.row(columns, cells(head));
    return true;
  }

  /** @param {{tag: string, text: string, goesOn: boolean}} leaf */
  #cut(leaf) {
    for (let end; (end = cut(leaf.text)) > 0; ) {
      this.sink.inline(leaf.text.slice(0, end).trim(), true);
      this.sink.close();
      this.sink.open(leaf.tag, { class: "goes-on" });
      Object.assign(leaf, { goesOn: true, text: leaf.text.slice(end).trimStart() });
    }
  }
}
