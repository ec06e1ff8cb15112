// @ts-check
/** @import {ToolCall, ToolResult} from "./types.js" */
import { copy, find } from "./dom.js";
import { allows } from "./tool-choice.js";
import { language, t } from "./words.js";

/** The tools that an answer calls: what each was asked, and what it gave. */
export class ToolCalls {
  /** @type {Map<number, {element: HTMLElement, name: string, open: boolean}>} */
  #calls = new Map();
  /** Where the next ones stand. */
  #place;
  /** What the page showed there before: it gives way to the first that comes. @type {Element[]} */
  #old;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    this.#old = [...place.children];
  }

  /** Those that come from now on stand here. @param {HTMLElement} place */
  goOn(place) {
    this.#place = place;
    this.#old = [...place.children];
  }

  get empty() {
    return this.#calls.size === 0;
  }

  /** @param {number} [index] */
  has(index = 0) {
    return this.#calls.has(index);
  }

  /** These, as a message has them, are the next. @param {ToolCall[]} calls */
  add(calls) {
    const known = this.#calls.size;
    calls.forEach((call, n) => {
      this.called({ ...call, index: known + n });
      if (call.result !== undefined) this.gave({ index: known + n, content: call.result, failed: call.failed });
    });
  }

  /** @param {ToolCall} call a name at first, then pieces of its arguments */
  called({ index = 0, name, arguments: piece }) {
    const call = this.#calls.get(index) ?? this.#begin(index);
    if (name) find(call.element, ".tool-name", HTMLElement).textContent = call.name = name;
    find(call.element, ".tool-arguments", HTMLElement).append(piece ?? "");
  }

  /** @param {ToolResult} result of a call that was run on the server */
  gave({ index = 0, content, failed = false }) {
    const call = this.#calls.get(index);
    if (!call) return;
    call.open = false;
    find(call.element, ".tool-outcome", HTMLElement).hidden = false;
    find(call.element, ".tool-gave", HTMLElement).hidden = failed;
    find(call.element, ".tool-failed", HTMLElement).hidden = !failed;
    find(call.element, ".tool-result", HTMLElement).textContent = content;
  }

  /** What is awaited of them, in words; nothing once each has given what it gives. */
  get awaited() {
    const names = [...this.#calls.values()].filter(({ open }) => open).map(({ name }) => name);
    if (names.length === 0) return "";
    const all = names.filter(Boolean);
    if (all.length === 0) return t("Calling a tool");
    const tools = new Intl.ListFormat(language).format(all);
    return names.every(allows) ? t("Running {tools}", { tools }) : t("Calling {tools}", { tools });
  }

  /** @param {number} index */
  #begin(index) {
    const call = { element: copy("#tool-template", ".tool"), name: "", open: true };
    this.#calls.set(index, call);
    for (const old of this.#old.splice(0)) old.remove();
    this.#place.append(call.element);
    return call;
  }
}
