// @ts-check

/** A paragraph or a heading that is longer goes on in another one, from a word's end: chatstream/reading/grammar.py does the same. */
const LINE = 8_000;
const LEAST = 1_000;

/** @typedef {{kind: string, text: string}} Text */

/** What of an open text can be shown: white space at its end, and a row that may be a table's head, wait. @param {Text} leaf */
export function seen({ kind, text }) {
  if (kind === "heading") return text.replace(/[ \t]+#*[ \t]*$/, "");
  return text.replace(/(?:^|\n)\|[^\n]*$/, "").trim();
}

/** The text of one that ended. @param {Text} leaf */
export function whole({ kind, text }) {
  return kind === "heading" ? text.replace(/(?:^|[ \t]+)#+[ \t]*$/, "").trim() : text.trim();
}

/** @param {string} text @returns {number} where it is to be cut; 0 where it is not too long */
export function cut(text) {
  if (text.length <= LINE) return 0;
  const most = text.slice(0, LINE);
  const end = Math.max(most.lastIndexOf(" "), most.lastIndexOf("\n")) + 1;
  if (end > LEAST) return end;
  return /[\uD800-\uDBFF]$/.test(most) ? LINE - 1 : LINE; // two halves of one character stay together
}

/** The first word behind a fence, without what some models put around it. @param {string} info */
export function language(info) {
  return /^[\w+#.-]+/.exec(info)?.[0] ?? "";
}

/**
 * The box of a task, where an item's text begins with one.
 *
 * @param {string} source @param {boolean} ended what may become one waits until it is there
 * @returns {{node: import("./inline.js").Task | null, rest: string} | null}
 */
export function task(source, ended) {
  const found = /^\[([ xX])\][ \t]+(?=\S)/.exec(source);
  if (found) return { node: { type: "task", checked: found[1] !== " " }, rest: source.slice(found[0].length) };
  return !ended && /^\[[ xX]?\]?[ \t]*$/.test(source) ? { node: null, rest: "" } : null;
}
