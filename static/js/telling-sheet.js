// @ts-check
/** @import {Permission} from "./notifications.js" */
/** @import {ChatTitle} from "./title.js" */
import { chime } from "./chime.js";
import { find } from "./dom.js";
import { askPermission, permission } from "./notifications.js";
import { keep } from "./storage.js";
import { CHOICES, chosen } from "./telling.js";
import { t } from "./words.js";

/** The switches for what is done when an answer ends. They hold at once, in this browser. */
export class TellingSheet {
  /** @param {HTMLDialogElement} sheet @param {HTMLElement} button that opens it @param {ChatTitle} title in whose menu the button is */
  constructor(sheet, button, title) {
    this.sheet = sheet;
    this.sound = find(sheet, "[name=sound]", HTMLInputElement);
    this.notification = find(sheet, "[name=notification]", HTMLInputElement);
    this.note = find(sheet, "#telling-note", HTMLElement);
    button.addEventListener("click", () => (title.closeMenu(), void this.#open()));
    this.sound.addEventListener("change", () => this.#sound());
    this.notification.addEventListener("change", () => void this.#notification());
  }

  async #open() {
    this.sound.checked = chosen("sound");
    this.sheet.showModal();
    this.#show(chosen("notification"), chosen("notification") ? await permission() : "default");
  }

  /** Turned on, it is heard once. */
  #sound() {
    keep(CHOICES.sound, this.sound.checked ? "on" : null);
    if (!this.sound.checked) return;
    chime.prepare();
    chime.play();
  }

  async #notification() {
    const wanted = this.notification.checked;
    keep(CHOICES.notification, null);
    const answer = wanted ? await askPermission() : "default";
    if (answer === "granted") keep(CHOICES.notification, "on");
    this.#show(wanted, answer);
  }

  /** What the reader wants, as far as the browser allows it. @param {boolean} wanted @param {Permission} answer */
  #show(wanted, answer) {
    this.notification.checked = wanted && answer === "granted";
    this.note.textContent = wanted ? why(answer) : "";
    this.note.hidden = this.note.textContent === "";
  }
}

/** Why notifications stay off, and what to change. @param {Permission} answer */
function why(answer) {
  if (answer === "denied") return t("This browser does not let this page show notifications. Allow them in its settings for this site, by the sign before the address, then turn this on again.");
  if (answer === "missing") return t("This browser shows no notifications for this page. It may do so where the page comes over HTTPS, and on phones where it is installed.");
  return answer === "default" ? t("The browser’s question was left open. Turn this on again and allow notifications.") : "";
}
