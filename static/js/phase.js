// @ts-check

/** Connections come and go; one that is back within this time is not worth a word. */
const RECONNECTING_AFTER_MS = 1000;

/** One line of words that tells what is being waited for, and for how long: "Waiting for llama3.2 · 3 s". */
export class Phase {
  #words = "";
  #since = 0;
  #lostSince = 0;
  #timer = 0;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /** @param {string} words the same words go on counting */
  show(words) {
    if (words !== this.#words) this.#since = Date.now();
    this.#words = words;
    this.#run();
  }

  /** Nothing is being waited for. */
  clear() {
    this.#words = "";
    this.#lostSince = 0;
    this.#run();
  }

  /** @param {boolean} yes */
  connected(yes) {
    this.#lostSince = yes ? 0 : this.#lostSince || Date.now();
    this.#run();
  }

  #run() {
    clearInterval(this.#timer);
    if (this.#words || this.#lostSince) this.#timer = setInterval(() => this.#draw(), 250);
    this.#draw();
  }

  #draw() {
    const words = this.#sentence();
    this.element.hidden = words === "";
    if (this.element.textContent !== words) this.element.textContent = words;
  }

  #sentence() {
    if (this.#lostSince && Date.now() - this.#lostSince >= RECONNECTING_AFTER_MS) return "Reconnecting…";
    if (this.#words === "") return "";
    const seconds = Math.floor((Date.now() - this.#since) / 1000);
    return seconds < 1 ? this.#words : `${this.#words} · ${seconds} s`;
  }
}
