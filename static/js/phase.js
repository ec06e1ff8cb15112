// @ts-check
import { element } from "./element.js";
import { number, t, tn } from "./words.js";

/** Connections come and go; one that is back within this time is not worth a word. */
const RECONNECTING_AFTER_MS = 1000;
/** A model that writes nothing for so long has stalled. */
const STALLED_AFTER_MS = 5000;
/** Of a usual text, in its models' tokens; the true number comes with the end. */
const CHARACTERS_A_TOKEN = 4;
const DRAWN_EACH_MS = 250;

/**
 * One line that tells how an answer goes: what is waited for and for how long, "Waiting for llama3.2 · 3 s", and while it is
 * written, "Answering · 12 s · about 340 tokens".
 */
class Phase {
  #words = "";
  #since = 0;
  #lostSince = 0;
  #timer = 0;
  /** Whether something is being written; how much was, and when last. */
  #writing = false;
  #characters = 0;
  #wroteAt = 0;
  #began;

  /** @param {HTMLElement} line `data-elapsed` has the seconds that the answer took before this page was made */
  constructor(line) {
    this.element = line;
    this.#began = Date.now() - Number(line.dataset.elapsed ?? 0) * 1000;
  }

  /** @param {string} words the same words go on counting */
  show(words) {
    if (words !== this.#words) this.#since = Date.now();
    this.#words = words;
    this.#writing = false;
    this.#run();
  }

  /** @param {string} words @param {string} piece what came */
  wrote(words, piece) {
    this.#characters += piece.length;
    this.#wroteAt = Date.now();
    const goesOn = this.#writing && this.#words === words;
    this.#words = words;
    this.#writing = true;
    if (!goesOn) this.#run();
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
    if (this.#words || this.#lostSince) this.#timer = setInterval(() => this.#draw(), DRAWN_EACH_MS);
    this.#draw();
  }

  #draw() {
    const words = this.#sentence();
    this.element.hidden = words === "";
    if (this.element.textContent !== words) this.element.textContent = words;
  }

  #sentence() {
    const now = Date.now();
    if (this.#lostSince && now - this.#lostSince >= RECONNECTING_AFTER_MS) return t("Reconnecting…");
    if (this.#words === "") return "";
    if (this.#writing) return this.#progress(now);
    const seconds = Math.floor((now - this.#since) / 1000);
    return seconds < 1 ? this.#words : `${this.#words} · ${inSeconds(seconds)}`;
  }

  /** @param {number} now */
  #progress(now) {
    const quiet = now - this.#wroteAt;
    const words = quiet < STALLED_AFTER_MS ? this.#words : t("Stalled for {number} s", { number: Math.floor(quiet / 1000) });
    const tokens = Math.max(1, Math.round(this.#characters / CHARACTERS_A_TOKEN));
    return `${words} · ${inSeconds(Math.floor((now - this.#began) / 1000))} · ${tn("about {number} token", "about {number} tokens", tokens)}`;
  }
}

/** @param {number} seconds */
function inSeconds(seconds) {
  return t("{number} s", { number: number(seconds) });
}

export const PhaseElement = element("answer-phase", Phase);
