// @ts-check
/** @import {Painter} from "./painter.js" */
import { keepSelected } from "./selection.js";
import { mathml } from "./server.js";

/** What the server draws: `MOST` of chatstream/reading/mathml.py. */
const MOST = 4_000;
/** Formulas of one request, and characters of them. */
const TOGETHER = 100;
const SIZE = 50_000;
/** Drawn formulas that are kept, for they come again. */
const KEPT = 500;

/** @typedef {{element: HTMLElement, latex: string, display: boolean, painter: Painter}} Waiting */

/** MathML by the formula. @type {Map<string, string>} */
const known = new Map();
/** @type {WeakSet<Element>} */
const seen = new WeakSet();
/** @type {Waiting[]} */
let waiting = [];
let asking = false;

/**
 * Have the whole formulas of a block drawn that came as a stream, as the server would have drawn them. One that it does not
 * know stays as it is written.
 *
 * @param {Element} block @param {Painter} painter
 */
export function draw(block, painter) {
  for (const element of block.querySelectorAll(".math:not(.open)")) {
    if (seen.has(element) || !(element instanceof HTMLElement)) continue;
    seen.add(element);
    const latex = element.textContent ?? "";
    const formula = { element, latex, display: element.classList.contains("display"), painter };
    const drawn = known.get(key(formula));
    if (drawn !== undefined) show(element, drawn);
    else if (latex.length <= MOST) waiting.push(formula);
  }
  if (!asking && waiting.length > 0) void ask();
}

/** All that waits, a request at a time: what comes meanwhile goes with the next. */
async function ask() {
  asking = true;
  while (waiting.length > 0) {
    await new Promise(requestAnimationFrame);
    const batch = taken();
    const made = await mathml(batch.map(({ latex, display }) => ({ latex, display }))).catch(() => []); // it can be read without
    batch.forEach((formula, at) => keep(formula, made[at]));
    for (const painter of new Set(batch.map((formula) => formula.painter))) {
      painter.request({ paint: () => batch.forEach((formula) => formula.painter === painter && show(formula.element, known.get(key(formula)) ?? "")) });
    }
  }
  asking = false;
}

/** @returns {Waiting[]} */
function taken() {
  waiting = waiting.filter(({ element }) => element.isConnected);
  let size = 0;
  const end = waiting.findIndex(({ latex }, at) => at === TOGETHER || (size += latex.length) > SIZE);
  return waiting.splice(0, end < 0 ? waiting.length : end);
}

/** @param {Waiting} formula @param {string | undefined} made */
function keep(formula, made) {
  if (made === undefined) return;
  known.delete(key(formula));
  known.set(key(formula), made);
  if (known.size > KEPT) known.delete(known.keys().next().value ?? "");
}

/** @param {HTMLElement} element @param {string} made */
function show(element, made) {
  if (made !== "") keepSelected(element, () => (element.innerHTML = made)); // cleaned by the server, of all but MathML
}

/** @param {{latex: string, display: boolean}} formula */
function key({ latex, display }) {
  return (display ? "d" : "i") + latex;
}
