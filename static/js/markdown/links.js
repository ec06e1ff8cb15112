// @ts-check
/** @import {Node, Token} from "./inline.js" */
import { decode } from "./entities.js";

const SAFE = /^(?:https?:\/\/(?:[^/?#\\]*@)?(?:[a-z0-9._~-]|[^\0-\x7f])+(?::[0-9]*)?(?=[/?#]|$)|mailto:[^?]*@)/i;
const UNSAFE_CHARACTERS = /[\u0000-\u0020"<>\\^`{|}\u007F]/g;
const HOST = /^(?:https?:\/\/(?:[^/?#\\]*@)?([^/?#\\]*)|mailto:([^?]*))/i;
const ADDRESSES = /(?<![A-Za-z0-9_])https?:\/\/[^\s<>"`[\]]+/gi;
const SPACES = /[ \t\n]*/y;

/**
 * The beginning of a link, or of what stands where a link leads nowhere that is safe. It shows its host, or whom it writes to; one that is its own
 * text need not.
 *
 * @param {string} address
 * @param {"link" | "image" | "bare"} kind an image is not loaded: it is a link to where it is
 * @returns {Extract<Token, {type: "open"}>}
 */
export function link(address, kind) {
  const href = address.replace(UNSAFE_CHARACTERS, (char) => encodeURIComponent(char));
  if (!SAFE.test(href)) return { type: "open", tag: "span", attributes: { class: "dead-link" } };
  const [, site, person] = (kind !== "bare" && HOST.exec(href)) || [];
  const host = site || person;
  const shown = { ...(kind === "image" && { class: "image-link" }), ...(host && { "data-host": host }) };
  return { type: "open", tag: "a", attributes: { href, title: href, rel: "noopener noreferrer", target: "_blank", ...shown } };
}

/**
 * What stands in brackets behind a link's text.
 *
 * @param {string} source @param {number} at @param {boolean} ended of one that is still being written the address is not known
 * @returns {{address: string, end: number, open?: true} | null}
 */
export function target(source, at, ended) {
  if (source[at] !== "(") return null;
  const from = spaces(source, at + 1);
  const to = destination(source, from);
  if (to !== null && source[spaces(source, to)] === ")") return { address: cleaned(source, from, to), end: spaces(source, to) + 1 };
  const title = to !== null && spaces(source, to) > to ? titleEnd(source, spaces(source, to)) : null;
  const end = title === null ? -1 : spaces(source, title);
  if (to !== null && source[end] === ")") return { address: cleaned(source, from, to), end: end + 1 };
  return ended || /[)\n]/.test(source.slice(at)) ? null : { address: "", end: source.length, open: true };
}

/** @param {string} source @param {number} at */
function spaces(source, at) {
  SPACES.lastIndex = at;
  return at + (SPACES.exec(source)?.[0].length ?? 0);
}

/** @param {string} source @param {number} from @returns {number | null} where the address ends */
function destination(source, from) {
  if (source[from] === "<") {
    const found = /^<(?:\\[^]|[^\n<>\\])*>/.exec(source.slice(from));
    return found && from + found[0].length;
  }
  let level = 0;
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? "";
    if (char <= " " || char === "\u007F") return level === 0 ? at : null;
    if (char === "\\" && at + 1 < source.length && source[at + 1] !== " ") at += 1;
    else if (char === "(") level += 1;
    else if (char === ")" && level === 0) return at;
    else if (char === ")") level -= 1;
    if (level > 32) return null;
  }
  return null;
}

/** @param {string} source @param {number} at @returns {number | null} */
function titleEnd(source, at) {
  const found = /^(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|\((?:\\[^]|[^()\\])*\))/.exec(source.slice(at));
  return found && at + found[0].length;
}

/** @param {string} source @param {number} from @param {number} to */
function cleaned(source, from, to) {
  const raw = source.slice(from, to).replace(/^<(.*)>$/, "$1");
  return raw.replace(/\\([!-/:-@[-`{-~])|&(?:#x[a-f0-9]{1,6}|#\d{1,7}|[a-z][a-z0-9]{1,31});/gi, (all, char) => char ?? decode(all) ?? all);
}

/** Addresses that stand in the text become links. @param {Node[]} nodes @param {boolean} ended @returns {Node[]} */
export function withAddresses(nodes, ended) {
  /** @type {Node[]} */
  const found = [];
  nodes.forEach((node, at) => {
    const whole = ended || at < nodes.length - 1;
    if (node.type === "text" && node.text.includes("://")) return found.push(...addresses(node.text, whole));
    if (node.type === "element" && node.tag !== "a" && !node.attributes.class) node.children = withAddresses(node.children, whole);
    found.push(node);
  });
  return found;
}

/** @param {string} text @param {boolean} ended of one that grows the last address may not be whole @returns {Node[]} */
function addresses(text, ended) {
  /** @type {Node[]} */
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(ADDRESSES)) {
    const address = trimmed(found[0]);
    const whole = ended || found.index + found[0].length < text.length;
    const start = link(address, "bare");
    if (!whole || start.tag !== "a") continue;
    if (found.index > at) nodes.push({ type: "text", text: text.slice(at, found.index) });
    nodes.push({ type: "element", tag: "a", attributes: start.attributes, children: [{ type: "text", text: address }] });
    at = found.index + address.length;
  }
  return at < text.length ? [...nodes, { type: "text", text: text.slice(at) }] : nodes;
}

/** Without the punctuation of the sentence around it. @param {string} address */
function trimmed(address) {
  let more = address.split(")").length - address.split("(").length;
  let end = address.length;
  for (let char; (char = address[end - 1] ?? ""); end -= 1) {
    if (char === ")" && more > 0) more -= 1;
    else if (!"?!.,:;*_~'".includes(char)) break;
  }
  return address.slice(0, end);
}
