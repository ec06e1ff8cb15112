// @ts-check
/** @import {Ending} from "./types.js" */
import { copy, find } from "./dom.js";
import { number, said, t } from "./words.js";

const WITHOUT_WORDS = new Set(["complete", "running"]);

/**
 * The line that says how an answer ended, or null where nothing has to be said.
 *
 * @param {Ending} ending
 * @param {{hasText: boolean, hasTools: boolean}} came what of the answer came
 */
export function endingLine({ state, error }, { hasText, hasTools }) {
  const known = state === "complete" && !hasText ? "empty" : state;
  if (WITHOUT_WORDS.has(known)) return null;
  const line = copy("#ending-template", `[data-ending="${known}"]`);
  if (error) find(line, ".ending-words", HTMLElement).textContent = said(error);
  const goesOn = hasText && !hasTools;
  const holds = { text: hasText, "goes-on": goesOn, "starts-anew": !goesOn };
  for (const [name, yes] of Object.entries(holds)) {
    for (const part of line.querySelectorAll(`[data-if="${name}"]`)) part.toggleAttribute("hidden", !yes);
  }
  return line;
}

/**
 * The figures under an answer; what is not known stays hidden.
 *
 * @param {Ending} ending
 */
export function figures({ model, usage, timings }) {
  const line = copy("#ending-template", ".figures");
  const first = timings?.firstTokenMs;
  const rate = timings?.tokensPerSecond;
  const values = {
    model,
    first: first == null ? null : duration(first),
    rate: rate == null ? null : number(rate, rate < 10 ? 1 : 0),
    tokens: usage?.completion_tokens == null ? null : number(usage.completion_tokens),
  };
  for (const [name, value] of Object.entries(values)) fill(line, name, value);
  return line;
}

/** @param {number} ms */
function duration(ms) {
  return ms < 1000 ? t("{number} ms", { number: Math.floor(ms) }) : t("{number} s", { number: number(ms / 1000, 1) });
}

/** @param {HTMLElement} line @param {string} name @param {string | null | undefined} value */
function fill(line, name, value) {
  const slot = find(line, `[data-figure="${name}"]`, HTMLElement);
  slot.textContent = value ?? "";
  find(line, `.figure:is([data-figure="${name}"], :has([data-figure="${name}"]))`, HTMLElement).hidden = value == null;
}
