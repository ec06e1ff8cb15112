// @ts-check
/** @import {Params, Settings} from "./types.js" */
import { find } from "./dom.js";
import { t } from "./words.js";

const NUMBERS = /** @type {const} */ (["temperature", "top_p", "max_tokens"]);

/** What the fields say; those left empty choose nothing. @param {HTMLFormElement} form @returns {Settings} */
export function read(form) {
  /** @type {Params} */
  const params = {};
  const model = field(form, "model").value;
  if (model) params.model = model;
  for (const name of NUMBERS) {
    const { value } = field(form, name);
    if (value !== "") params[name] = Number(value);
  }
  return { system: field(form, "system").value.trim(), params };
}

/** @param {HTMLFormElement} form @param {Settings} settings */
export function fill(form, { system, params }) {
  field(form, "system").value = system;
  field(form, "model").value = params.model ?? "";
  for (const name of NUMBERS) field(form, name).value = params[name] === undefined ? "" : String(params[name]);
  const line = find(form, "#settings-model", HTMLElement);
  line.hidden = !params.model;
  line.textContent = t("Answered by {model}.", { model: params.model ?? "" });
}

/** @param {HTMLFormElement} form @param {string} name */
export function field(form, name) {
  return /** @type {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} */ (form.elements.namedItem(name));
}
