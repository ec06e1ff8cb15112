// @ts-check
import { find } from "./dom.js";
import { element } from "./element.js";
import { agree } from "./installed.js";
import { keep } from "./storage.js";
import { THEME, wear } from "./worn.js";

/** Light, dark, or as the system is set: the form does the same by a new page, and this in the present one. */
class ThemeChoice {
  /** Ends when the last choice is kept: a later one never comes before it. */
  #kept = Promise.resolve();

  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.form = find(part, "form", HTMLFormElement);
    addEventListener("storage", ({ key, newValue }) => key === THEME && newValue && this.#mark(newValue));
    this.form.addEventListener("submit", (event) => {
      if (!(event.submitter instanceof HTMLButtonElement)) return;
      event.preventDefault();
      this.#choose(event.submitter.value);
    });
  }

  /** @param {string} theme */
  #choose(theme) {
    wear(theme);
    this.#mark(theme);
    find(this.part, "details", HTMLDetailsElement).open = false;
    find(this.part, "summary", HTMLElement).focus();
    keep(THEME, theme);
    this.#kept = this.#kept.then(() => this.#keep(theme)).catch(() => {}); // then it holds for this page only
  }

  /** @param {string} theme */
  #mark(theme) {
    this.form.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.form.querySelector(`[value="${theme}"]`)?.setAttribute("aria-current", "true");
  }

  /** @param {string} theme */
  async #keep(theme) {
    await fetch(this.form.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual", keepalive: true });
    agree();
  }
}

element("theme-choice", ThemeChoice);
