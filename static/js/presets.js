// @ts-check
/** @import {Preset} from "./types.js" */
import { find } from "./dom.js";
import { dropPreset, keepPreset, readPresets, setDefault } from "./kept-presets.js";
import { field, fill, read } from "./settings-form.js";
import { said, t } from "./words.js";

/** Named settings, kept on the server: chosen, they fill the form; what it says is kept under a name. */
export class Presets {
  /** @type {Preset[]} */
  #known = [];

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.choice = /** @type {HTMLSelectElement} */ (field(form, "preset"));
    this.name = /** @type {HTMLInputElement} */ (field(form, "name"));
    this.dropButton = find(form, "[name=drop]", HTMLButtonElement);
    this.default = find(form, "#preset-default", HTMLElement);
    this.note = find(form, "#settings-note", HTMLElement);
    this.choice.addEventListener("change", () => this.#chosen());
    this.isDefault.addEventListener("change", () => void this.#tried(t("The preset was not changed."), () => this.#makeDefault()));
    this.dropButton.addEventListener("click", () => void this.#tried(t("Presets were not deleted."), () => this.#drop()));
    find(form, "[name=keep]", HTMLElement).addEventListener("click", () => void this.#tried(t("Presets were not kept."), () => this.#keep()));
    this.name.addEventListener("keydown", (event) => event.key === "Enter" && this.#entered(event));
    new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && void this.#opened()).observe(form);
  }

  /** @param {KeyboardEvent} event */
  #entered(event) {
    event.preventDefault(); // it would save the chat's settings
    if (!event.isComposing) void this.#tried(t("Presets were not kept."), () => this.#keep());
  }

  get isDefault() {
    return find(this.default, "input", HTMLInputElement);
  }

  get #present() {
    return this.#known.find(({ _id }) => _id === this.choice.value);
  }

  #opened() {
    this.choice.value = "";
    this.#showChosen();
    return this.#tried(t("Presets could not be read."), async () => {
      await this.#read();
      this.#choose(this.choice.value || this.#alike());
    });
  }

  /** @param {string} [chosen] otherwise what the reader has chosen meanwhile */
  async #read(chosen) {
    this.#known = await readPresets();
    const present = chosen ?? this.choice.value;
    const options = this.#known.map(({ _id, name }) => new Option(name, _id));
    this.choice.replaceChildren(new Option(t("None"), ""), ...options);
    this.#choose(present);
  }

  /** The preset that says what the form does, if there is one. */
  #alike() {
    const said = plain(read(this.form));
    return this.#known.find((preset) => plain(preset) === said)?._id ?? "";
  }

  /** @param {string} id */
  #choose(id) {
    this.choice.value = this.#known.some(({ _id }) => _id === id) ? id : "";
    this.#showChosen();
  }

  #showChosen() {
    this.dropButton.hidden = this.default.hidden = !this.#present;
    this.isDefault.checked = this.#present?.default ?? false;
  }

  #chosen() {
    const preset = this.#present;
    this.#showChosen();
    this.name.value = preset?.name ?? "";
    if (preset) fill(this.form, preset);
  }

  async #makeDefault() {
    const [id, isDefault] = [this.choice.value, this.isDefault.checked];
    await setDefault(id, isDefault).catch((error) => {
      this.#showChosen();
      throw error;
    });
    await this.#read();
  }

  async #keep() {
    const name = this.name.value.trim();
    if (!this.form.reportValidity()) return;
    if (!name) return this.name.focus();
    const { _id } = await keepPreset({ name, ...read(this.form) });
    await this.#read(_id);
    this.#tell(t("Kept as “{name}”.", { name }));
  }

  async #drop() {
    const name = this.choice.selectedOptions[0]?.text;
    await dropPreset(this.choice.value);
    await this.#read("");
    this.#tell(t("Deleted the preset “{name}”. Chats that were set by it stay as they are.", { name: name ?? "" }));
  }

  /** @param {string} failed @param {() => Promise<void>} act */
  async #tried(failed, act) {
    this.note.hidden = true;
    try {
      await act();
    } catch (error) {
      this.#tell(`${failed} ${said(/** @type {Error} */ (error))}`);
    }
  }

  /** @param {string} words */
  #tell(words) {
    this.note.textContent = words;
    this.note.hidden = false;
    this.note.scrollIntoView({ block: "nearest" });
  }
}

/** The same text for the same settings. @param {import("./types.js").Settings} settings */
function plain({ system, params }) {
  return JSON.stringify([system.trim(), Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
