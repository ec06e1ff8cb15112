// @ts-check
// Light or dark, as it is chosen on a page of another tab; every page has this.

/** The choice under this name is what other tabs learn; the server keeps it in a cookie. */
export const THEME = "theme";

/** @param {string} theme light, dark or system */
export function wear(theme) {
  document.documentElement.dataset.theme = theme;
  for (const meta of document.querySelectorAll("meta[data-scheme]")) {
    const scheme = meta.getAttribute("data-scheme");
    const system = theme === "system" && `(prefers-color-scheme: ${scheme})`;
    meta.setAttribute("media", system || (theme === scheme ? "all" : "not all"));
  }
}

addEventListener("storage", ({ key, newValue }) => key === THEME && newValue && wear(newValue));
