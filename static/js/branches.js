// @ts-check
/** @import {ChatWithHistory, Placed} from "./types.js" */
import { copy, find } from "./dom.js";

/** Stands for an id that only the server knows yet. */
const FRESH = "fresh";

/** The ids of the messages that share an article's place, as far as they are known; its own is among them. @param {HTMLElement} article */
export function siblings(article) {
  const { id = "", siblings: kin } = article.dataset;
  const ids = kin ? kin.split(" ").map((each) => (each === FRESH ? id : each)) : [id];
  return ids.filter(Boolean);
}

/** A new message beside others takes the last place. @param {HTMLElement} article @param {string[]} others */
export function joinSiblings(article, others) {
  showSiblings(article, [...others, FRESH], FRESH);
}

/** @param {HTMLElement} article @param {string[]} ids of all in its place @param {string} id its own */
export function showSiblings(article, ids, id) {
  const at = ids.indexOf(id);
  const many = ids.length > 1;
  article.dataset.siblings = many ? ids.join(" ") : "";
  const present = article.querySelector(".walker");
  if (!many) return present?.remove();
  const walker = present ?? copy("#message-template", ".walker");
  if (!present) find(article, ".actions", HTMLElement).prepend(walker);
  find(walker, ".walker-place", HTMLElement).textContent = `${at + 1}/${ids.length}`;
  const [earlier, later] = steps(walker);
  lead(earlier, ids[at - 1]);
  lead(later, ids[at + 1]);
}

/** @param {Element} walker */
export function steps(walker) {
  return /** @type {HTMLButtonElement[]} */ ([...walker.querySelectorAll(".walker-step")]);
}

/** @param {HTMLButtonElement | undefined} step @param {string | undefined} id */
function lead(step, id) {
  if (!step) return;
  step.disabled = !id;
  step.value = id ?? "";
}

/**
 * The messages from the first to the leaf, each with those that share its place: of the branches that asking again has
 * made, the present one.
 *
 * @param {ChatWithHistory} chat
 * @returns {Placed[]}
 */
export function branch({ history, leafId }) {
  const byId = new Map(history.map((message) => [message._id, message]));
  /** @type {Map<string, string[]>} */
  const kin = new Map();
  for (const { _id, parentId } of history) kin.set(parentId ?? "", [...(kin.get(parentId ?? "") ?? []), _id]);
  /** @type {Placed[]} */
  const found = [];
  for (let at = byId.get(leafId ?? ""); at; at = byId.get(at.parentId ?? "")) {
    byId.delete(at._id);
    found.unshift({ ...at, siblings: kin.get(at.parentId ?? "") ?? [] });
  }
  return found;
}
