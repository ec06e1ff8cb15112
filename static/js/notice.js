// @ts-check

/** A sentence above the composer about what was not done. */
export class Notice {
  /** @param {HTMLElement} element @param {HTMLElement} field */
  constructor(element, field) {
    this.element = element;
    this.field = field;
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
