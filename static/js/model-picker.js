// @ts-check
/** @import {Models} from "./types.js" */
import { copy, find } from "./dom.js";
import { readModels } from "./server.js";
import { said, t } from "./words.js";

/** From so many models on, they are searched. */
const MANY = 8;

/** All models of all providers, and how each provider is: asked when it is opened. */
export class ModelPicker {
  /** @param {HTMLDialogElement} sheet @param {HTMLButtonElement} button @param {{present: () => string | null, choose: (model: string | null) => void}} chat null: the default one */
  constructor(sheet, button, chat) {
    this.sheet = sheet;
    this.chat = chat;
    this.list = find(sheet, "#picker-list", HTMLElement);
    this.note = find(sheet, "#picker-note", HTMLElement);
    this.field = find(sheet, "#picker-search", HTMLInputElement);
    button.addEventListener("click", () => void this.#open());
    this.field.addEventListener("input", () => this.#filter());
    this.list.addEventListener("click", (event) => this.#chosen(/** @type {Element} */ (event.target)));
    sheet.addEventListener("keydown", (event) => this.#key(event));
  }

  async #open() {
    this.list.replaceChildren();
    this.field.hidden = true;
    this.field.value = "";
    this.#tell(t("Asking the model servers…"));
    this.sheet.showModal();
    try {
      this.#show(await readModels());
    } catch (error) {
      this.#tell(`${t("The models cannot be listed.")} ${said(/** @type {Error} */ (error))}`);
    }
  }

  /** @param {Models} models */
  #show({ default: usual, providers }) {
    const present = this.chat.present() ?? usual;
    this.list.replaceChildren(...providers.map((provider) => section(provider, present, usual)));
    this.field.hidden = this.#items.length < MANY;
    this.#filter();
    const chosen = this.list.querySelector("[aria-current]");
    const first = this.field.hidden ? (chosen ?? this.#items[0]) : this.field;
    if (first instanceof HTMLElement) first.focus();
    chosen?.scrollIntoView({ block: "nearest" });
  }

  get #items() {
    return /** @type {HTMLButtonElement[]} */ ([...this.list.querySelectorAll(".picker-model")]);
  }

  #filter() {
    const words = this.field.value.toLowerCase().split(/\s+/);
    for (const item of this.#items) {
      const text = `${item.dataset.provider} ${item.value}`.toLowerCase();
      /** @type {HTMLElement} */ (item.parentElement).hidden = !words.every((word) => text.includes(word));
    }
    for (const part of this.list.children) {
      part.toggleAttribute("hidden", this.field.value !== "" && !part.querySelector("li:not([hidden])"));
    }
    this.#tell(this.list.querySelector("li:not([hidden])") ? "" : t("There is no such model."));
  }

  /** @param {Element} target */
  #chosen(target) {
    const item = target.closest(".picker-model");
    if (!(item instanceof HTMLButtonElement)) return;
    this.sheet.close();
    this.chat.choose("usual" in item.dataset ? null : item.value);
  }

  /** Arrows walk from the field through the models; Enter in the field takes the first. @param {KeyboardEvent} event */
  #key(event) {
    const items = this.#items.filter((item) => item.checkVisibility());
    const at = items.findIndex((item) => item === document.activeElement);
    if (event.key === "Enter" && document.activeElement === this.field && items[0]) {
      event.preventDefault();
      return this.#chosen(items[0]);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const to = at + (event.key === "ArrowDown" ? 1 : -1);
    if (to < 0) this.field.focus();
    else items[Math.min(to, items.length - 1)]?.focus();
  }

  /** @param {string} words */
  #tell(words) {
    this.note.textContent = words;
    this.note.hidden = words === "";
  }
}

/** @param {Models["providers"][number]} provider @param {string} present @param {string} usual */
function section({ name, state, message, models }, present, usual) {
  const part = copy("#picker-template", ".picker-provider");
  find(part, ".picker-name", HTMLElement).textContent = name;
  const how = find(part, ".picker-state", HTMLElement);
  how.textContent = how.dataset[state] ?? "";
  how.dataset.state = state;
  const why = find(part, ".picker-why", HTMLElement);
  why.textContent = message;
  why.hidden = message === "";
  find(part, "ul", HTMLElement).append(...models.map((model) => item(model, name, present, usual)));
  return part;
}

/** @param {string} model @param {string} provider @param {string} present @param {string} usual */
function item(model, provider, present, usual) {
  const entry = copy("#picker-template", "li");
  const button = find(entry, "button", HTMLButtonElement);
  button.value = model;
  button.dataset.provider = provider;
  find(button, ".picker-model-name", HTMLElement).textContent = model;
  if (model === present) button.setAttribute("aria-current", "true");
  if (model === usual) button.dataset.usual = "";
  find(button, ".picker-default", HTMLElement).hidden = model !== usual;
  return entry;
}
