// @ts-check
/** @import {Params, Settings} from "./types.js" */
import { find } from "./dom.js";
import { t } from "./words.js";

const NUMBERS = /** @type {const} */ (["temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed"]);
const WORDS = /** @type {const} */ (["model", "reasoning_effort"]);

const STOP_MOST = 4;
/** What ends a line within a sequence. @type {Record<string, string>} */
const SIGNS = { "\\n": "\n", "\\r": "\r", "\\\\": "\\" };
const STOP_LONGEST = 100;

/** The browser itself says what is wrong with the other fields. @param {HTMLFormElement} form */
export function check(form) {
  const stop = field(form, "stop");
  const lines = sequences(form);
  const fits = lines.length <= STOP_MOST && lines.every((line) => line.length <= STOP_LONGEST);
  stop.setCustomValidity(fits ? "" : t("At most 4 lines, of 100 characters each."));
  const seed = /** @type {HTMLInputElement} */ (field(form, "seed"));
  seed.setCustomValidity(seed.value === "" || Math.abs(Number(seed.value)) <= Number.MAX_SAFE_INTEGER ? "" : t("That number is too large."));
}

/** What the fields say; those left empty choose nothing. @param {HTMLFormElement} form @returns {Settings} */
export function read(form) {
  /** @type {Params} */
  const params = {};
  for (const name of WORDS) {
    const { value } = field(form, name);
    if (value !== "") params[name] = value;
  }
  for (const name of NUMBERS) {
    const { value } = field(form, name);
    if (value !== "") params[name] = Number(value);
  }
  const stop = sequences(form);
  if (stop.length > 0) params.stop = stop;
  return { system: field(form, "system").value.trim(), params };
}

/** @param {HTMLFormElement} form @param {Settings} settings */
export function fill(form, { system, params }) {
  field(form, "system").value = system;
  for (const name of [...WORDS, ...NUMBERS]) field(form, name).value = String(params[name] ?? "");
  field(form, "stop").value = (params.stop ?? []).map(escaped).join("\n");
  const more = find(form, ".settings-more", HTMLDetailsElement);
  more.open = [...more.querySelectorAll("[name]")].some((each) => /** @type {HTMLInputElement} */ (each).value !== "");
  const line = find(form, "#settings-model", HTMLElement);
  line.hidden = !params.model;
  line.textContent = t("Answered by {model}.", { model: params.model ?? "" });
  check(form);
}

/** @param {HTMLFormElement} form */
function sequences(form) {
  const lines = field(form, "stop").value.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.replace(/\\[nr\\]/g, (sign) => SIGNS[sign] ?? sign));
}

/** A sequence in one line, as templates/_settings.html writes it too. @param {string} sequence */
function escaped(sequence) {
  return sequence.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

/** @param {HTMLFormElement} form @param {string} name */
export function field(form, name) {
  return /** @type {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} */ (form.elements.namedItem(name));
}
