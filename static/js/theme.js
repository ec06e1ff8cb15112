// @ts-check
import { find } from "./dom.js";
import { element } from "./element.js";
import { agree } from "./installed.js";
import { keep } from "./storage.js";

/** Other tabs learn by it what was chosen; the server keeps it. */
const NAME = "theme";

/** Light, dark, or as the system is set: the form does the same by a new page, and this in the present one. */
class ThemeChoice {
  /** Ends when the last choice is kept: a later one never comes before it. */
  #kept = Promise.resolve();

  /** @param {HTMLElement} part */
  constructor(part) {
    this.part = part;
    this.form = find(part, "form", HTMLFormElement);
    addEventListener("storage", ({ key, newValue }) => key === NAME && newValue && this.#show(newValue));
    this.form.addEventListener("submit", (event) => {
      if (!(event.submitter instanceof HTMLButtonElement)) return;
      event.preventDefault();
      this.#choose(event.submitter.value);
    });
  }

  /** @param {string} theme */
  #choose(theme) {
    this.#show(theme);
    find(this.part, "details", HTMLDetailsElement).open = false;
    find(this.part, "summary", HTMLElement).focus();
    keep(NAME, theme);
    this.#kept = this.#kept.then(() => this.#keep(theme)).catch(() => {}); // then it holds for this page only
  }

  /** @param {string} theme */
  #show(theme) {
    this.form.querySelector("[aria-current]")?.removeAttribute("aria-current");
    this.form.querySelector(`[value="${theme}"]`)?.setAttribute("aria-current", "true");
    wear(theme);
  }

  /** @param {string} theme */
  async #keep(theme) {
    await fetch(this.form.action, { method: "POST", body: new URLSearchParams({ theme }), redirect: "manual", keepalive: true });
    agree();
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
