// @ts-check
/** @import {ToolCall, ToolResult} from "./types.js" */
import { copy, find } from "./dom.js";
import { allows } from "./tool-choice.js";
import { language, t } from "./words.js";

/**
 * The tools that an answer calls, above its text: what each was asked, and what it gave. Text may come before a call as well;
 * a message does not keep where, so that they stand in this place however the page came to be.
 */
export class ToolCalls {
  /** @type {Map<number, {element: HTMLElement, name: string, open: boolean}>} */
  #calls = new Map();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  get empty() {
    return this.element.childElementCount === 0;
  }

  clear() {
    this.#calls.clear();
    this.element.replaceChildren();
  }

  /** As the message has them. @param {ToolCall[]} calls */
  replace(calls) {
    this.clear();
    calls.forEach((call, index) => {
      this.called({ ...call, index });
      if (call.result !== undefined) this.gave({ index, content: call.result, failed: call.failed });
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
    this.element.append(call.element);
    return call;
  }
}
