// @ts-check

// What this browser keeps for its reader. Where storage is closed to the page, it lasts until the next page.

/** @typedef {"localStorage" | "sessionStorage"} Where for all tabs, or for this one */

/** @param {string} name @param {Where} [where] @returns {string | null} */
export function kept(name, where = "localStorage") {
  try {
    return window[where].getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string | null} value null: nothing more @param {Where} [where] */
export function keep(name, value, where = "localStorage") {
  try {
    if (value === null) window[where].removeItem(name);
    else window[where].setItem(name, value);
  } catch {
    // Closed, or full.
  }
}

/** All that begin so. @param {string} prefix @returns {string[]} */
export function names(prefix) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}
