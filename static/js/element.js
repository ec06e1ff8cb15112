// @ts-check

/**
 * Makes a custom element of a part of the page that stands by itself. The element is as thin as can be: wherever it comes
 * to stand, written by the server or by a script, a plain class is given it, once, and does the work.
 *
 * @template {object} T
 * @param {string} name
 * @param {new (element: HTMLElement) => T} Work
 */
export function element(name, Work) {
  class Part extends HTMLElement {
    /** @type {T | null} */
    #work = null;

    get work() {
      return (this.#work ??= new Work(this));
    }

    connectedCallback() {
      void this.work;
    }
  }
  customElements.define(name, Part);
  return Part;
}
