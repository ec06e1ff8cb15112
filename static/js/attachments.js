// @ts-check
/** @import {Announcer} from "./announcer.js" */
/** @import {Attached} from "./types.js" */
/** @import {Notice} from "./notice.js" */
import { copy, find } from "./dom.js";
import { inWords, isImage } from "./files.js";
import { discard, refusal, upload } from "./uploads.js";
import { said, t } from "./words.js";

const MOST = 8;

/** The files of the next question: each is uploaded at once, and stands as a chip above the message. */
export class Attachments {
  /** @type {Map<HTMLElement, Attached | AbortController>} while it is on its way, what ends that */
  #chips = new Map();
  /** Called when none is on its way any more, or one was refused. @type {(all: boolean) => void} */
  #settle = () => {};

  /** @param {HTMLFormElement} form @param {Notice} notice @param {Announcer} announcer @param {() => string} model the one that is asked */
  constructor(form, notice, announcer, model) {
    this.model = model;
    this.list = find(form, "#attached", HTMLElement);
    this.button = find(form, "#attach", HTMLElement);
    this.notice = notice;
    this.announcer = announcer;
    const input = find(form, "#attach-input", HTMLInputElement);
    this.button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      void this.add([...(input.files ?? [])]);
      input.value = ""; // the same file may be chosen again
    });
  }

  get pending() {
    return [...this.#chips.values()].some((file) => file instanceof AbortController);
  }

  /** @param {AbortSignal} signal nobody waits any more @returns {Promise<boolean>} whether all are there, and none was refused meanwhile */
  arrived(signal) {
    return new Promise((resolve) => {
      this.#settle = resolve;
      signal.addEventListener("abort", () => resolve(false));
      this.#look();
    });
  }

  /** @returns {Attached[]} those that are there: they belong to a question now, and go from here */
  take() {
    const there = [...this.#chips].flatMap(([chip, file]) => (file instanceof AbortController ? [] : [{ chip, file }]));
    for (const { chip } of there) this.#chips.delete(chip);
    this.#changed();
    return there.map(({ file }) => file);
  }

  /** What was not sent comes back. @param {Attached[]} files */
  restore(files) {
    for (const file of files) this.#arrived(this.#chip(file.name, file), file);
  }

  /** @param {File[]} files */
  async add(files) {
    this.notice.clear();
    const refused = await Promise.all(files.map((file) => this.#add(file)));
    const sentences = refused.filter(Boolean);
    if (sentences.length > 0) this.notice.tell(sentences.join(" "));
  }

  /** @param {File} file @returns {Promise<string>} why it was not attached, if so */
  async #add(file) {
    const { name } = file;
    const why = this.#chips.size < MOST ? "" : t("“{name}” was not attached: a question can have 8 files.", { name });
    if (why) return why;
    const way = new AbortController();
    const chip = this.#chip(name, way);
    const refused = (await refusal(file)) || (await this.#upload(chip, file, way.signal));
    if (!refused || way.signal.aborted) return "";
    this.#settle(false);
    this.#remove(chip);
    return refused;
  }

  /** @param {HTMLElement} chip @param {File} file @param {AbortSignal} signal it is not wanted any more @returns {Promise<string>} why it was not taken, if so */
  async #upload(chip, file, signal) {
    try {
      this.#arrived(chip, await upload(file, this.model(), signal));
      return "";
    } catch (error) {
      if (!(error instanceof TypeError)) return said(/** @type {Error} */ (error));
      return t("“{name}” was not attached: the server could not be reached.", { name: file.name });
    }
  }

  /** @param {string} name @param {Attached | AbortController} file */
  #chip(name, file) {
    const chip = copy("#chip-template", ".chip");
    find(chip, ".chip-name", HTMLElement).textContent = name;
    const remove = find(chip, ".chip-remove", HTMLElement);
    remove.ariaLabel = t("Remove {name}", { name });
    remove.addEventListener("click", () => this.#dismiss(chip));
    this.#chips.set(chip, file);
    this.#changed();
    return chip;
  }

  /** @param {HTMLElement} chip @param {Attached} file */
  #arrived(chip, file) {
    this.#chips.set(chip, file);
    find(chip, ".chip-size", HTMLElement).textContent = inWords(file.size);
    const thumb = find(chip, ".chip-thumb", HTMLImageElement);
    thumb.hidden = !isImage(file);
    if (isImage(file)) thumb.src = file.path;
    this.announcer.say(t("“{name}” is attached.", { name: file.name }));
    this.#look();
  }

  /** By its button: the focus goes on to the next one. @param {HTMLElement} chip */
  #dismiss(chip) {
    const next = chip.nextElementSibling ?? chip.previousElementSibling;
    const file = this.#chips.get(chip);
    this.#remove(chip);
    if (file instanceof AbortController) file.abort();
    else if (file) void discard(file._id);
    (next ? find(next, ".chip-remove", HTMLElement) : this.button).focus();
  }

  /** @param {HTMLElement} chip */
  #remove(chip) {
    this.#chips.delete(chip);
    this.#changed();
  }

  #changed() {
    this.list.replaceChildren(...this.#chips.keys());
    this.list.hidden = this.#chips.size === 0;
    this.#look();
  }

  #look() {
    if (!this.pending) this.#settle(true);
  }
}
