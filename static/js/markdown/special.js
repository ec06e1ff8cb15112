// @ts-check
/** @import {Token} from "./inline.js" */
import { decode, entityAt } from "./entities.js";
import { formula } from "./formulas.js";
import { link } from "./links.js";

/** @typedef {{tokens: Token[], end: number}} Found */

const ADDRESS = /<([a-z][a-z0-9+.-]{1,31}:[^<>\u0000-\u0020]*)>/iy;
const MAIL = /<([\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)>/iy;
const BREAK = /<br ?\/?>/iy;

/**
 * What begins with a backslash, an angle, an ampersand or a dollar, if it is more than that character.
 *
 * @param {string} char @param {string} source @param {number} at @param {boolean} ended
 * @returns {Found | null}
 */
export function special(char, source, at, ended) {
  if (char === "\\") return formula(source, at, ended) ?? escaped(source, at);
  if (char === "&") return entity(source, at);
  if (char === "$") return formula(source, at, ended);
  return char === "<" ? address(source, at) ?? text(BREAK, source, at, "\n") : null;
}

/** A span of code, or the backticks that open none. @param {string} source @param {number} at @param {boolean} ended */
export function code(source, at, ended) {
  const mark = run(source, at);
  const from = at + mark.length;
  for (let end = from; (end = source.indexOf(mark, end)) >= 0; end += run(source, end).length) {
    if (run(source, end).length === mark.length) return { token: span(source.slice(from, end)), end: end + mark.length };
  }
  if (ended) return { token: /** @type {Token} */ ({ type: "text", text: mark }), end: from };
  return { token: span(source.slice(from)), end: source.length };
}

/** @param {string} source @param {number} at */
function run(source, at) {
  return /^`+/.exec(source.slice(at, at + 200))?.[0] ?? "";
}

/** @param {string} content @returns {Token} */
function span(content) {
  const text = content.replaceAll("\n", " ");
  return { type: "code", text: /^ .*[^ ].* $/.test(text) ? text.slice(1, -1) : text };
}

/** @param {string} source @param {number} at @returns {Found | null} */
function escaped(source, at) {
  const found = /^\\(?:([!-/:-@[-`{-~])|\n[ \t]*)/.exec(source.slice(at, at + 200));
  return found && { tokens: [{ type: "text", text: found[1] ?? "\n" }], end: at + found[0].length };
}

/** @param {string} source @param {number} at @returns {Found | null} */
function entity(source, at) {
  const found = entityAt(source, at);
  const text = found ? decode(found) : null;
  return text === null ? null : { tokens: [{ type: "text", text }], end: at + found.length };
}

/** @param {string} source @param {number} at @returns {Found | null} */
function address(source, at) {
  const [found, mail] = [sticky(ADDRESS, source, at), sticky(MAIL, source, at)];
  const shown = found?.[1] ?? mail?.[1];
  if (shown === undefined) return null;
  const tokens = [link(found ? shown : `mailto:${shown}`, "bare"), { type: "text", text: shown }, { type: "close" }];
  return { tokens: /** @type {Token[]} */ (tokens), end: at + shown.length + 2 };
}

/** @param {RegExp} pattern @param {string} source @param {number} at @param {string} text @returns {Found | null} */
function text(pattern, source, at, text) {
  const found = sticky(pattern, source, at);
  return found && { tokens: [{ type: "text", text }], end: at + found[0].length };
}

/** @param {RegExp} pattern @param {string} source @param {number} at */
function sticky(pattern, source, at) {
  pattern.lastIndex = at;
  return pattern.exec(source);
}
