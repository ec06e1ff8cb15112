// @ts-check
// What a line can begin with, as CommonMark has it. Setext headings, HTML and link definitions are left out: what comes
// later never changes what stands there.

/** @typedef {{kind: "quote"} | {kind: "item", ordered: boolean, mark: string, start: number, width: number}} Container */

const RULE = /^(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const HEADING = /^(#{1,6})(?:[ \t]+|$)/;
const FENCE = /^(`{3,})([^`]*)$|^(~{3,})(.*)$/;
const ITEM = /^(?:([-+*])|(\d{1,9})([.)]))(?=[ \t]|$)/;

/** @param {string} text without its indentation */
export function isRule(text) {
  return RULE.test(text);
}

/** @param {string} text @returns {number} its level, or 0 */
export function headingLevel(text) {
  return HEADING.exec(text)?.[1]?.length ?? 0;
}

/** @param {string} text @returns {{mark: string, info: string} | null} */
export function fence(text) {
  const found = FENCE.exec(text);
  return found && { mark: found[1] ?? found[3] ?? "", info: (found[2] ?? found[4] ?? "").trim() };
}

/** @param {string} text @returns {Extract<Container, {kind: "item"}> | null} */
export function item(text) {
  const found = isRule(text) ? null : ITEM.exec(text);
  if (!found) return null;
  const mark = found[1] ?? found[3] ?? "";
  return { kind: "item", ordered: found[1] === undefined, mark, start: Number(found[2] ?? 0), width: found[0].length };
}

/** Whether a list can begin in the middle of a paragraph. @param {Extract<Container, {kind: "item"}>} item @param {string} text */
export function interrupts({ ordered, start, width }, text) {
  return (!ordered || start === 1) && text.slice(width).trim() !== "";
}

/**
 * Whether the beginning of a line tells how it is to be taken, whatever follows. Until then it is not shown: a hash may become
 * a heading, a dash an item or a rule.
 *
 * @param {string} line
 */
export function decided(line) {
  const text = line.replace(/^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t])))*[ \t]*/, "");
  if (text === "" || /^(?:#{1,6}|\d{1,9}[.)]?|[-+*=]|[`~]+|[-*_ \t]+)$/.test(text)) return false;
  if (/^(?:`{3,}[^`]*|~{3,}.*|\|.*|[|:\- \t]+)$/.test(text)) return false;
  return !/^(?:([-*_])[ \t]*)(?:\1[ \t]*)*$/.test(text);
}
