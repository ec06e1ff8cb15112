// @ts-check
/** @import {Found} from "./special.js" */

// Where LaTeX stands in Markdown, as chatstream/reading/formulas.py reads it: code and links go before it, and prices stay
// text. What is between its marks is kept as it is: no emphasis, no escapes.

/** Its end is looked for so far: no further than a paragraph goes. */
const LONGEST = 8_000;
const CLOSE = /** @type {Record<string, string>} */ ({ "\\(": "\\)", "\\[": "\\]", $$: "$$" });
const DOLLARS = /\$(?![\s$])((?:\\[^\n]|[^$\\\n])+)\$(?:(?![A-Za-z0-9])|(?=(?:th|st|nd|rd|s)(?![A-Za-z0-9])))/y;
const PROSE = /^[0-9][^\s\\^_{}=]*\s+[A-Za-z]{2,}\s/;

/** @param {string} source @param {number} at @param {boolean} ended @returns {Found | null} */
export function formula(source, at, ended) {
  const mark = source.slice(at, at + 2);
  const close = CLOSE[mark];
  if (close) return between(source, at, close, ended);
  if (mark[0] !== "$" || /[A-Za-z0-9$]/.test(source[at - 1] ?? "")) return null;
  DOLLARS.lastIndex = at;
  const [all = "", content = ""] = DOLLARS.exec(source) ?? [];
  if (all === "" || /\s$/.test(content) || PROSE.test(content) || !isLatex(content)) return null;
  return found(content, false, false, at + all.length);
}

/** One that is open at the end of a text that grows is shown as it comes. @param {string} source @param {number} at @param {string} close @param {boolean} ended */
function between(source, at, close, ended) {
  const display = close !== "\\)";
  const near = source.slice(at, at + 2 + LONGEST);
  const end = near.indexOf(close, 2);
  if (end < 0) return ended || near.includes("`") ? null : found(source.slice(at + 2).trim(), display, true, source.length);
  const content = source.slice(at + 2, at + end);
  return isLatex(content) ? found(content.trim(), display, false, at + end + 2) : null;
}

/** @param {string} text @param {boolean} display @param {boolean} open @param {number} end @returns {Found} */
function found(text, display, open, end) {
  return { tokens: [{ type: "math", text, display, open }], end };
}

/** Whether nothing in it is code, or the end of a link that began before. @param {string} content */
function isLatex(content) {
  const link = content.indexOf("](");
  const inside = content.slice(0, Math.max(link, 0));
  return content.trim() !== "" && !content.includes("`") && (link < 0 || inside.split("[").length > inside.split("]").length);
}

/**
 * What ends the displayed formula that is open behind a line, in which a row may begin like an item; empty where none is.
 *
 * @param {string} line without its indentation @param {string} close the same before the line
 */
export function held(line, close) {
  if (close) return line.includes(close) ? "" : close;
  const fresh = CLOSE[line.slice(0, 2)] ?? "";
  return fresh === "\\)" || line.includes(fresh, 2) ? "" : fresh;
}
