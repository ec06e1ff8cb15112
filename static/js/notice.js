// @ts-check
import { find } from "./dom.js";
import { element } from "./element.js";

/** A sentence above the composer about what was not done; the attribute `for` names the field. */
export class Notice {
  /** @param {HTMLElement} told */
  constructor(told) {
    this.element = told;
    this.field = find(document, `#${told.getAttribute("for")}`, HTMLElement);
  }

  /** About what the field holds, which then refers to it. @param {string} sentence */
  show(sentence) {
    this.tell(sentence);
    this.field.setAttribute("aria-invalid", "true");
    this.field.setAttribute("aria-describedby", this.element.id);
  }

  /** About something else than what the field holds. @param {string} sentence */
  tell(sentence) {
    this.clear();
    this.element.textContent = sentence;
    this.element.hidden = false;
  }

  clear() {
    this.element.hidden = true;
    this.field.removeAttribute("aria-invalid");
    this.field.removeAttribute("aria-describedby");
  }
}

export const NoticeElement = element("chat-notice", Notice);
