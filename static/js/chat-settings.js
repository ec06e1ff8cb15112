// @ts-check
/** @import {Params, Settings} from "./types.js" */
import { find } from "./dom.js";
import { changeChat } from "./server.js";
import { Presets } from "./presets.js";
import { check, fill, read } from "./settings-form.js";
import { said, t } from "./words.js";

/** A field that is folded away could not say what is wrong with it. @param {Event} event */
function unfold({ target }) {
  const fold = /** @type {Element} */ (target).closest("details");
  if (fold) fold.open = true;
}

/** What the open chat chooses: model, system prompt, parameters. Kept by it, and for a new one sent with its first question. */
export class ChatSettings {
  /** As the chat has them. @type {Settings} */
  #kept;
  #saving = Promise.resolve();

  /**
   * @param {HTMLDialogElement} sheet
   * @param {{chatId: () => string | null, model: (name: string | null) => void, tell: (sentence: string) => void}} page
   */
  constructor(sheet, page) {
    this.sheet = sheet;
    this.page = page;
    this.form = find(sheet, "form", HTMLFormElement);
    this.note = find(this.form, "#settings-why", HTMLElement);
    this.#kept = this.present = read(this.form);
    new Presets(this.form);
    this.form.addEventListener("input", () => check(this.form));
    this.form.addEventListener("invalid", unfold, true);
    find(this.form, "[name=close]", HTMLElement).addEventListener("click", () => sheet.close());
    this.form.addEventListener("submit", () => void this.#submit(read(this.form)));
  }

  open() {
    fill(this.form, this.present);
    this.note.hidden = true;
    this.sheet.showModal();
  }

  /** What the first question of a new chat takes with it. @returns {{system?: string, params?: Params}} */
  get ofNew() {
    const { system, params } = this.present;
    if (this.page.chatId()) return {};
    return { ...(system && { system }), ...(Object.keys(params).length > 0 && { params }) };
  }

  /** @param {string | null} model null: the default one */
  choose(model) {
    const { model: _, ...others } = this.present.params;
    void this.#set({ ...this.present, params: model ? { model, ...others } : others }).then((why) => why && this.page.tell(why));
  }

  /** As the chat has them. @param {{system: string | null, params: Params}} chat */
  show({ system, params }) {
    this.#kept = this.present = { system: system ?? "", params };
    this.page.model(params.model ?? null);
  }

  /** A new chat has begun, with these; what was chosen since is to be kept as well. @param {{system: string | null, params: Params}} chat */
  begun({ system, params }) {
    this.#kept = { system: system ?? "", params };
    if (JSON.stringify(this.#kept) !== JSON.stringify(this.present)) void this.#save().then((why) => why && this.page.tell(why));
  }

  /** What could not be kept stands in the sheet again, with the reason. @param {Settings} settings */
  async #submit(settings) {
    const why = await this.#set(settings);
    if (!why) return;
    if (this.sheet.open) return this.page.tell(why); // the reader is at the next change
    fill(this.form, settings);
    this.sheet.showModal();
    this.note.textContent = why;
    this.note.hidden = false;
  }

  /** @param {Settings} settings */
  #set(settings) {
    this.present = settings;
    this.page.model(settings.params.model ?? null);
    return this.#save();
  }

  /** One change after the other, so that the last one lasts. @returns {Promise<string>} why it is not kept, empty where it is */
  #save() {
    const saved = this.#saving.then(() => this.#keep());
    this.#saving = saved.then(() => {});
    return saved;
  }

  async #keep() {
    const [id, { present }] = [this.page.chatId(), this];
    if (!id) return "";
    try {
      await changeChat(id, present);
      this.#kept = present;
      return "";
    } catch (error) {
      this.show(this.#kept);
      return `${t("The settings were not changed.")} ${said(/** @type {Error} */ (error))}`;
    }
  }
}
