// @ts-check
/** @import {Attached} from "./types.js" */
import { copy, find } from "./dom.js";
import { language, t } from "./words.js";

// The files of a question as the page shows them: images small, texts by their names.

const KILO = 1000;

/** @param {HTMLElement} article @param {Attached[]} files */
export function showFiles(article, files) {
  const list = find(article, ".files", HTMLElement);
  list.hidden = files.length === 0;
  list.replaceChildren(...files.map(shown));
}

/** The files that a question shows. @param {Element} article @returns {Attached[]} */
export function filesOf(article) {
  const items = /** @type {HTMLElement[]} */ ([...article.querySelectorAll(".file")]);
  return items.map(({ dataset: { file = "", name = "", type = "", size, path = "" } }) => {
    return { _id: file, name, type, size: Number(size), path };
  });
}

/** How large a file is, in words. @param {number} size in bytes */
export function inWords(size) {
  if (size < KILO) return t("{size} bytes", { size });
  const [value, unit] = size < KILO * KILO ? [size / KILO, "kB"] : [size / KILO / KILO, "MB"];
  return `${value.toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
}

/** @param {Attached} file */
export function isImage({ type }) {
  return type.startsWith("image/");
}

/** @param {Attached} file */
function shown(file) {
  const item = copy("#file-template", isImage(file) ? ".file-image" : ".file-text");
  const { _id, name, type, size, path } = file;
  Object.assign(item.dataset, { file: _id, name, type, size: String(size), path });
  find(item, "a", HTMLAnchorElement).href = path;
  if (isImage(file)) Object.assign(find(item, "img", HTMLImageElement), { src: path, alt: name });
  else [find(item, ".file-name", HTMLElement).textContent, find(item, ".file-size", HTMLElement).textContent] = [name, inWords(size)];
  return item;
}
