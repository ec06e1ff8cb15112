// @ts-check
/** @import {Element as Inline, Formula, Node as Item} from "./inline.js" */
import { t } from "../words.js";

/**
 * Make an element hold these nodes, where it holds others. What is the same stays, and text that grew has more appended, so
 * that a selection in it lasts.
 *
 * @param {Element} element
 * @param {Item[]} old what it holds
 * @param {Item[]} fresh
 */
export function sync(element, old, fresh) {
  let at = 0;
  while (at < fresh.length && kept(element.childNodes[at], old[at], /** @type {Item} */ (fresh[at]))) at += 1;
  while (element.childNodes.length > at) element.lastChild?.remove();
  element.append(...fresh.slice(at).map(made));
}

/** @param {Node | undefined} node @param {Item | undefined} old @param {Item} fresh @returns {boolean} whether it could become so */
function kept(node, old, fresh) {
  if (!node || old?.type !== fresh.type) return false;
  if (fresh.type === "element") return keptElement(/** @type {Element} */ (node), /** @type {Inline} */ (old), fresh);
  if (fresh.type === "task") return old.type === "task" && old.checked === fresh.checked;
  if (fresh.type === "math") return keptFormula(/** @type {Element} */ (node), /** @type {Formula} */ (old), fresh);
  return grown(node instanceof Text ? node : node.firstChild, "text" in old ? old.text : "", fresh.text);
}

/** @param {Node | null} text @param {string} before what it says @param {string} now */
function grown(text, before, now) {
  if (!(text instanceof Text) || !now.startsWith(before)) return false;
  if (now.length > before.length) text.appendData(now.slice(before.length));
  return true;
}

/** One that is whole may be drawn, and stays as it is. @param {Element} node @param {Formula} old @param {Formula} fresh */
function keptFormula(node, old, fresh) {
  if (old.display !== fresh.display) return false;
  if (!old.open) return !fresh.open && old.text === fresh.text;
  if (!grown(node.firstChild, old.text, fresh.text)) return false;
  node.classList.toggle("open", fresh.open);
  return true;
}

/** @param {Element} node @param {Inline} old @param {Inline} fresh */
function keptElement(node, old, fresh) {
  if (old.tag !== fresh.tag || old.attributes.href !== fresh.attributes.href || old.attributes.class !== fresh.attributes.class) return false;
  sync(node, old.children, fresh.children);
  return true;
}

/** @param {Item} item @returns {Node} */
function made(item) {
  if (item.type === "text") return new Text(item.text);
  if (item.type === "task") return box(item.checked);
  if (item.type === "math") return latex(item);
  const element = document.createElement(item.type === "element" ? item.tag : "code");
  if (item.type === "element") {
    for (const [name, value] of Object.entries(item.attributes)) element.setAttribute(name, value);
    sync(element, [], item.children);
  } else {
    element.append(new Text(item.text));
  }
  return element;
}

/** A formula as it is written; it is drawn when it is whole (formulas.js). @param {Formula} formula */
function latex({ text, display, open }) {
  const element = document.createElement("span");
  element.className = display ? "math display" : "math";
  element.classList.toggle("open", open);
  element.dir = "ltr";
  if (display) for (const [name, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": t("Formula") })) element.setAttribute(name, value);
  element.append(new Text(text));
  return element;
}

/** @param {boolean} checked */
function box(checked) {
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", disabled: true, checked, ariaLabel: checked ? t("Done") : t("To do") });
  input.toggleAttribute("checked", checked);
  return input;
}
