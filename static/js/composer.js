// @ts-check
/** @import {Attachments} from "./attachments.js" */
/** @import {Asked} from "./types.js" */
import { find } from "./dom.js";
import { PromptField } from "./prompt-field.js";
import { keep, kept } from "./storage.js";

/** The form at the foot: what is asked and its files, Send that becomes Stop, and whether to stream. */
export class Composer {
  #running = false;
  /** Ends the wait of a question that was sent, and stands here until it can be asked. @type {AbortController | null} */
  #waiting = null;

  /**
   * @param {HTMLFormElement} form
   * @param {number} promptMax in characters
   * @param {Attachments} attachments
   * @param {{settled: () => Promise<void>, send: (asked: Asked) => void, early: () => void, stop: () => void}} listener
   *   settled: what has to be done before the chat goes on
   */
  constructor(form, promptMax, attachments, listener) {
    this.form = form;
    this.attachments = attachments;
    this.listener = listener;
    this.prompt = new PromptField(form, promptMax);
    this.field = this.prompt.element;
    this.sendButton = find(form, "#send", HTMLButtonElement);
    this.stopButton = find(form, "#stop", HTMLButtonElement);
    this.cancelButton = find(form, "#cancel", HTMLButtonElement);
    this.wait = find(form, "#wait", HTMLElement);
    this.choice = find(form, "#stream", HTMLInputElement);
    this.choice.checked = kept("stream") !== "off";
    this.#listen();
  }

  /** Whether the answer is to be streamed. */
  get stream() {
    return this.choice.checked;
  }

  /** @param {boolean} yes an answer is being written: Send becomes Stop; what waits is not sent then */
  set running(yes) {
    if (yes && this.#waiting) this.listener.early();
    this.#running = yes;
    this.#release();
  }

  /** What was not sent comes back, before anything typed since. @param {Asked} asked */
  restore({ prompt, files }) {
    this.attachments.restore(files);
    this.prompt.value = [prompt, this.field.value].filter(Boolean).join("\n\n");
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
    this.cancelButton.addEventListener("click", (event) => event.detail < 2 && this.#cancel());
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.#cancel());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.choice.addEventListener("change", () => keep("stream", this.choice.checked ? "on" : "off"));
  }

  async #send() {
    if (this.#waiting) return;
    if (this.field.value.trim() === "") return this.field.focus();
    if (this.#running) return this.listener.early();
    const waiting = (this.#waiting = new AbortController());
    this.#draw();
    const all = await this.attachments.arrived(waiting.signal);
    if (all) await this.listener.settled();
    if (waiting.signal.aborted) return;
    this.#release();
    if (all) this.listener.send(this.#take());
  }

  /** What waits is not sent, but stays here. */
  #release() {
    this.#waiting?.abort();
    this.#waiting = null;
    this.#draw();
  }

  /** What is here is asked now. @returns {Asked} */
  #take() {
    const asked = { prompt: this.field.value, files: this.attachments.take() };
    this.prompt.value = "";
    return asked;
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
    this.wait.hidden = !this.field.readOnly || !this.attachments.pending;
  }

  #cancel() {
    if (!this.#waiting) return;
    this.#release();
    this.field.focus();
  }

  /** The second half of a double click on Send does not stop, nor cancel. @param {MouseEvent} event */
  #stopClicked(event) {
    if (event.detail < 2) this.listener.stop();
  }

  /** An Enter that ends the composition of a character sends nothing (Safari tells by 229 only). @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void this.#send();
  }
}
