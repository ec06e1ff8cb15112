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
    this.count = find(form, "#count", HTMLElement);
    this.choice = find(form, "#stream", HTMLInputElement);
    this.choice.checked = kept("stream") !== "off";
    this.#listen();
  }

  /** Whether the answer is to be streamed. */
  get stream() {
    return this.choice.checked;
  }

  /** @param {boolean} yes an answer is being written: Send becomes Stop, in the same place and with the same focus */
  set running(yes) {
    const [from, to] = yes ? [this.sendButton, this.stopButton] : [this.stopButton, this.sendButton];
    const focused = document.activeElement === from;
    this.#running = yes;
    to.hidden = false;
    if (focused) to.focus();
    from.hidden = true;
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
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.#send()));
    this.stopButton.addEventListener("click", (event) => this.#stopClicked(event));
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", () => this.#measure());
    this.choice.addEventListener("change", () => keep("stream", this.choice.checked ? "on" : "off"));
    this.#measure();
  }

  #send() {
    const prompt = this.field.value;
    if (prompt.trim() === "") this.field.focus();
    else if (this.#running) this.listener.early();
    else if (this.attachments.ready()) this.listener.send(prompt);
  }

  /** The second half of a double click on Send does not stop. @param {MouseEvent} event */
  #stopClicked(event) {
    if (event.detail < 2) this.listener.stop();
  }

  /** An Enter that ends the composition of a character sends nothing (Safari tells by 229 only). @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
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
