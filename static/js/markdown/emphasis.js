// @ts-check
/** @import {Token} from "./inline.js" */

/**
 * A run of `*` or `_` is a delimiter for each character, one of `~` for every two. `end` is the one that closes it.
 *
 * @typedef {{marker: string, length: number, token: number, end: number, open: boolean, close: boolean, closes: boolean}} Delimiter
 */

const SPACE = /[\p{Zs}\t\n\v\f\r]/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/**
 * @param {string} source
 * @param {number} at
 * @param {string} marker
 * @param {number} token how many tokens there are
 */
export function run(source, at, marker, token) {
  let end = at;
  while (source[end] === marker) end += 1;
  const size = marker === "~" ? 2 : 1;
  const odd = marker === "~" ? (end - at) % 2 : 0;
  /** @type {Token[]} */
  const tokens = odd ? [{ type: "text", text: marker, odd: true }] : [];
  /** @type {Delimiter[]} */
  const delimiters = [];
  const sides = flanks(source, at, end, marker);
  for (let left = end - at - odd; left > 0; left -= size) {
    const length = marker === "~" ? 0 : end - at;
    delimiters.push({ marker, length, token: token + tokens.length, end: -1, ...sides, closes: false });
    tokens.push({ type: "text", text: marker.repeat(size) });
  }
  return { tokens, delimiters, end };
}

/** @param {string} source @param {number} at @param {number} end @param {string} marker */
function flanks(source, at, end, marker) {
  const before = /(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|[^])$/.exec(source.slice(Math.max(0, at - 2), at))?.[0] ?? " ";
  const after = String.fromCodePoint(source.codePointAt(end) ?? 32);
  const [spaceBefore, spaceAfter] = [SPACE.test(before), SPACE.test(after)];
  const [pointBefore, pointAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
  const left = !spaceAfter && (!pointAfter || spaceBefore || pointBefore);
  const right = !spaceBefore && (!pointBefore || spaceAfter || pointAfter);
  if (marker !== "_") return { open: left, close: right };
  return { open: left && (!right || pointBefore), close: right && (!left || pointAfter) };
}

/** So many stand in each other; chatstream/reading/grammar.py has the same bound. */
const DEEPEST = 90;

/** Find for each delimiter that can close one that it closes. @param {Delimiter[]} delimiters */
export function pair(delimiters) {
  /** @type {Map<string, number>} */
  const bottoms = new Map();
  let first = 0; // of the present run: a run does not close itself
  delimiters.forEach((closer, at) => {
    const before = delimiters[at - 1];
    if (before?.marker !== closer.marker || before.token !== closer.token - 1 || before.closes) first = at;
    if (!closer.close) return;
    const kind = `${closer.marker}${closer.open}${closer.length % 3}`;
    const bottom = bottoms.get(kind) ?? -1;
    const found = opener(delimiters, first, closer, bottom);
    if (found < 0) return void bottoms.set(kind, first - 1);
    const opening = /** @type {Delimiter} */ (delimiters[found]);
    opening.end = at;
    opening.close = closer.open = false;
    closer.closes = true;
    for (let inner = found + 1; inner < at; inner += 1) void (/** @type {Delimiter} */ (delimiters[inner]).open = false);
  });
}

/** @param {Delimiter[]} delimiters @param {number} at before which it stands @param {Delimiter} closer @param {number} bottom */
function opener(delimiters, at, closer, bottom) {
  for (let found = at - 1; found > bottom; found -= 1) {
    const { marker, open, close, end, length } = /** @type {Delimiter} */ (delimiters[found]);
    if (marker !== closer.marker || !open || end >= 0) continue;
    const three = (close || closer.open) && (length + closer.length) % 3 === 0 && length % 3 !== 0;
    if (!three) return found;
  }
  return -1;
}

/** Of a text that grows: what was opened and not closed is closed at its end. @param {Token[]} tokens @param {Delimiter[]} delimiters */
export function closeAtEnd(tokens, delimiters) {
  const open = delimiters.filter((each) => each.open && each.end < 0 && !each.closes);
  for (const opening of open.reverse()) {
    opening.end = delimiters.length;
    const { marker, length } = opening;
    delimiters.push({ marker, length, token: tokens.length, end: -1, open: false, close: true, closes: true });
    tokens.push({ type: "text", text: "" });
  }
}

/** Those that are paired too deep in others are none. @param {Delimiter[]} delimiters */
function bound(delimiters) {
  /** @type {number[]} */
  const ends = [];
  delimiters.forEach((delimiter, at) => {
    if (ends.at(-1) === at) ends.pop();
    else if (delimiter.end >= 0 && ends.length < DEEPEST) ends.push(delimiter.end);
    else delimiter.end = -1;
  });
}

/** Put the elements in the place of the delimiters. @param {Token[]} tokens @param {Delimiter[]} delimiters */
export function mark(tokens, delimiters) {
  bound(delimiters);
  for (let at = delimiters.length - 1; at >= 0; at -= 1) {
    const opening = /** @type {Delimiter} */ (delimiters[at]);
    const closing = delimiters[opening.end];
    if (!closing) continue;
    const [outer, after] = [delimiters[at - 1], delimiters[opening.end + 1]];
    const double = opening.marker !== "~" && outer?.marker === opening.marker && outer.end === opening.end + 1;
    const strong = double && outer.token === opening.token - 1 && after?.token === closing.token + 1;
    const tag = opening.marker === "~" ? "s" : strong ? "strong" : "em";
    tokens[opening.token] = { type: "open", tag, attributes: {} };
    tokens[closing.token] = { type: "close" };
    const lone = tokens[closing.token - 1]; // an odd tilde stands first in its run, and what is struck out ends before it
    if (tag === "s" && lone?.type === "text" && lone.odd) {
      [tokens[closing.token - 1], tokens[closing.token]] = [{ type: "close" }, lone];
    }
    if (!strong) continue;
    tokens[outer.token] = tokens[after.token] = { type: "text", text: "" };
    at -= 1;
  }
}
