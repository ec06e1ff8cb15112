// @ts-check

/** A sentence above the composer about what was not done; the composer's field refers to it. */
export class Notice {
  /** @param {HTMLElement} element @param {HTMLElement} field */
  constructor(element, field) {
    this.element = element;
    this.field = field;
  }

  /** @param {string} sentence */
  show(sentence) {
    this.element.textContent = sentence;
    this.element.hidden = false;
    this.field.setAttribute("aria-invalid", "true");
    this.field.setAttribute("aria-describedby", this.element.id);
  }

  clear() {
    this.element.hidden = true;
    this.field.removeAttribute("aria-invalid");
    this.field.removeAttribute("aria-describedby");
  }
}
