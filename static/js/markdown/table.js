// @ts-check

/** @typedef {"" | "left" | "center" | "right"} Align */

const COLUMN = /^:?-+:?$/;

/**
 * What the second line of a table says of its columns, if it is one.
 *
 * @param {string} text without its indentation
 * @returns {Align[] | null}
 */
export function columns(text) {
  if (!/^[|:-][|:\- \t]/.test(text) || /[^|:\- \t]/.test(text) || /^-[ \t]/.test(text)) return null;
  const parts = text.split("|");
  const inner = parts.map((part) => part.trim()).filter((part, at) => part !== "" || (at > 0 && at < parts.length - 1));
  if (inner.length === 0 || !inner.every((part) => COLUMN.test(part))) return null;
  return inner.map((part) => {
    if (part.endsWith(":")) return part.startsWith(":") ? "center" : "right";
    return part.startsWith(":") ? "left" : "";
  });
}

/** The cells of a row; a bar behind a backslash belongs to its cell. @param {string} text @returns {string[]} */
export function cells(text) {
  const found = text.trim().split(/(?<!\\)\|/);
  if (found.length > 0 && found[0] === "") found.shift();
  if (found.length > 0 && found.at(-1) === "") found.pop();
  return found.map((cell) => cell.replaceAll("\\|", "|").trim());
}

/** The columns of a table with this head, or null where it is none. @param {string} head @param {string} text its second line */
export function tableColumns(head, text) {
  const found = head.includes("|") ? columns(text) : null;
  return found && cells(head).length === found.length ? found : null;
}
