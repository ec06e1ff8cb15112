// @ts-check
import { t } from "./words.js";

/**
 * Puts a text into the clipboard, which may still be on its way: browsers allow that only while a press of a key or button
 * is fresh, so they are given the promise.
 *
 * @param {Promise<string>} text
 * @returns {Promise<void>} throws where the browser does not allow it
 */
export async function copyText(text) {
  if (!navigator.clipboard) return copySelected(await text);
  if (!("ClipboardItem" in window)) return navigator.clipboard.writeText(await text);
  const blob = text.then((plain) => new Blob([plain], { type: "text/plain" }));
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/** A page that did not come over a secure connection has no clipboard but what is selected. @param {string} text */
function copySelected(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!done) throw new Error(t("The browser did not allow it."));
}
