// @ts-check
import { find } from "./dom.js";
import { element } from "./element.js";

/** Light, dark, or as the system is set: the form does the same by a new page, and this in the present one. */
class ThemeChoice {
  /** Ends when the last choice is kept: a later one never comes before it. */
  #kept = Promise.resolve();

  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.form = find(part, "form", HTMLFormElement);
    this.form.addEventListener("submit", (event) => {
      if (!(event.submitter instanceof HTMLButtonElement)) return;
      event.preventDefault();
      this.#choose(event.submitter);
    });
  }

  /** @param {HTMLButtonElement} button */
  #choose(button) {
    this.form.querySelector("[aria-current]")?.removeAttribute("aria-current");
    button.setAttribute("aria-current", "true");
    wear(button.value);
    find(this.part, "details", HTMLDetailsElement).open = false;
    find(this.part, "summary", HTMLElement).focus();
    this.#kept = this.#kept.then(() => this.#keep(button.value)).catch(() => {}); // then it holds for this page only
  }

  /** @param {string} theme */
  async #keep(theme) {
    await fetch(this.form.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual", keepalive: true });
  }
}

/** @param {string} theme */
function wear(theme) {
  document.documentElement.dataset.theme = theme;
  for (const meta of document.querySelectorAll("meta[data-scheme]")) {
    const scheme = meta.getAttribute("data-scheme");
    const system = theme === "system" && `(prefers-color-scheme: ${scheme})`;
    meta.setAttribute("media", system || (theme === scheme ? "all" : "not all"));
  }
}

element("theme-choice", ThemeChoice);
