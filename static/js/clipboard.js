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

/** A page that did not come over a secure connection has no clipboard but what is selected, which then is selected again. @param {string} text */
function copySelected(text) {
  const focused = document.activeElement;
  const selection = getSelection();
  const selected = selection && !selection.isCollapsed ? selection.getRangeAt(0) : null; // what a field has selected it keeps itself
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  (focused?.closest("dialog") ?? document.body).append(field); // beside an open dialog nothing can be selected
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (selected) selection?.removeAllRanges();
  if (selected) selection?.addRange(selected);
  if (!done) throw new Error(t("The browser did not allow it."));
}
