// @ts-check
import { element } from "./element.js";

/** Says that the browser is offline, as long as it is. */
class OfflineNote {
  /** @param {HTMLElement} note */
  constructor(note) {
    this.note = note;
    for (const event of ["online", "offline"]) addEventListener(event, () => this.#show());
    this.#show();
  }

  #show() {
    this.note.hidden = navigator.onLine;
  }
}

element("offline-note", OfflineNote);
