// @ts-check
/** @import {Attachments} from "./attachments.js" */
/** @import {Attached} from "./types.js" */
import { find } from "./dom.js";
import { keep, kept } from "./storage.js";
import { number } from "./words.js";

/** The room left is told from here on. */
const NEARLY_FULL = 0.9;

/** The form at the foot: what is asked and its files, Send that becomes Stop, and whether to stream. */
export class Composer {
  #running = false;
  /** Ends the wait of a question that was sent before its files were there. @type {AbortController | null} */
  #waiting = null;

  /**
   * @param {HTMLFormElement} form
   * @param {number} promptMax in characters
   * @param {Attachments} attachments
   * @param {{send: (prompt: string) => void, early: () => void, stop: () => void}} listener
   */
  constructor(form, promptMax, attachments, listener) {
    this.form = form;
    this.promptMax = promptMax;
    this.attachments = attachments;
    this.listener = listener;
    this.field = find(form, "#prompt", HTMLTextAreaElement);
    this.sendButton = find(form, "#send", HTMLButtonElement);
    this.stopButton = find(form, "#stop", HTMLButtonElement);
    this.cancelButton = find(form, "#cancel", HTMLButtonElement);
    this.wait = find(form, "#wait", HTMLElement);
    this.count = find(form, "#count", HTMLElement);
    this.choice = find(form, "#stream", HTMLInputElement);
    this.choice.checked = kept("stream") !== "off";
    this.#listen();
  }

  /** Whether the answer is to be streamed. */
  get stream() {
    return this.choice.checked;
  }

  /** @param {boolean} yes an answer is being written: Send becomes Stop; what waits for its files is not sent then */
  set running(yes) {
    this.#running = yes;
    this.#waiting?.abort();
    this.#draw();
  }

  /** What is here was asked. @returns {Attached[]} its files */
  take() {
    this.#set("");
    return this.attachments.take();
  }

  /** What was not sent comes back, before anything typed since. @param {string} prompt @param {Attached[]} files */
  restore(prompt, files) {
    this.attachments.restore(files);
    this.#set([prompt, this.field.value].filter(Boolean).join("\n\n"));
    this.field.focus();
  }

  /** The focus comes here, but where that would open a keyboard over the page. @param {HTMLElement} otherwise */
  focus(otherwise) {
    otherwise.tabIndex = -1;
    const target = matchMedia("(hover: hover) and (pointer: fine)").matches ? this.field : otherwise;
    target.focus({ preventScroll: true });
  }

  #listen() {
    this.form.addEventListener("submit", (event) => (event.preventDefault(), void this.#send()));
    this.stopButton.addEventListener("click", (event) => this.#stopClicked(event));
    this.cancelButton.addEventListener("click", () => this.#cancel());
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.#cancel());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", () => this.#measure());
    this.choice.addEventListener("change", () => keep("stream", this.choice.checked ? "on" : "off"));
    this.#measure();
  }

  async #send() {
    if (this.#waiting) return;
    if (this.field.value.trim() === "") return this.field.focus();
    if (this.#running) return this.listener.early();
    if (!this.attachments.pending || (await this.#filesArrived())) this.listener.send(this.field.value);
  }

  /** Until then the question stays as it was sent. @returns {Promise<boolean>} whether they are all there: not after Cancel, or if one was refused */
  async #filesArrived() {
    this.#waiting = new AbortController();
    this.#draw();
    const arrived = await this.attachments.arrived(this.#waiting.signal);
    this.#waiting = null;
    this.#draw();
    return arrived;
  }

  /** Send, or what stands in its place, with its focus. */
  #draw() {
    const buttons = [this.sendButton, this.stopButton, this.cancelButton];
    const shown = this.#running ? this.stopButton : this.#waiting ? this.cancelButton : this.sendButton;
    const focused = buttons.some((button) => button === document.activeElement);
    shown.hidden = false;
    if (focused) shown.focus();
    for (const button of buttons) button.hidden = button !== shown;
    this.field.readOnly = shown === this.cancelButton;
    this.wait.hidden = !this.field.readOnly;
  }

  #cancel() {
    if (!this.#waiting) return;
    this.#waiting.abort();
    this.field.focus();
  }

  /** The second half of a double click on Send does not stop. @param {MouseEvent} event */
  #stopClicked(event) {
    if (event.detail < 2) this.listener.stop();
  }

  /** An Enter that ends the composition of a character sends nothing (Safari tells by 229 only). @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void this.#send();
  }

  /** @param {string} value As if it were typed: what hears of typing hears of this too. */
  #set(value) {
    this.field.value = value;
    this.field.dispatchEvent(new Event("input"));
  }

  #measure() {
    this.#grow();
    const near = this.field.value.length > this.promptMax * NEARLY_FULL;
    this.count.hidden = !near;
    if (!near) return;
    const characters = [...this.field.value].length;
    this.count.toggleAttribute("data-over", characters > this.promptMax);
    this.count.textContent = `${number(characters)} / ${number(this.promptMax)}`;
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }
}
