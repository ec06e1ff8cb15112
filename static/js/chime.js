// @ts-check

/** Two soft notes, one after the other: their pitch in hertz, and when each begins, in seconds. */
const NOTES = /** @type {const} */ ([[587.3, 0], [880, 0.14]]);
const LOUD = 0.12;
const FADE_S = 0.5;

/**
 * A short sound, made here. Browsers let a page sound only after somebody used it, and some only with what was begun while
 * it was used: so that begins with a key or a press, and rests until it is wanted.
 */
class Chime {
  /** @type {AudioContext | null} */
  #audio = null;
  #turn = Promise.resolve();

  /** To be called while the page is used. */
  prepare() {
    if (this.#audio || navigator.userActivation?.isActive === false) return;
    const audio = (this.#audio = new AudioContext());
    this.#turn = audio.resume().then(() => audio.suspend());
  }

  /** Nothing where nobody has used this page yet. */
  play() {
    const audio = this.#audio;
    if (audio) this.#turn = this.#turn.then(() => sound(audio));
  }
}

/** @param {AudioContext} audio */
async function sound(audio) {
  await audio.resume();
  const notes = NOTES.map(([pitch, after]) => note(audio, pitch, audio.currentTime + after));
  await Promise.all(notes.map((each) => new Promise((ended) => each.addEventListener("ended", ended))));
  await audio.suspend();
}

/** @param {AudioContext} audio @param {number} pitch @param {number} begin */
function note(audio, pitch, begin) {
  const [tone, volume] = [new OscillatorNode(audio, { frequency: pitch }), new GainNode(audio, { gain: 0 })];
  volume.gain.setValueAtTime(0, begin).linearRampToValueAtTime(LOUD, begin + 0.02).exponentialRampToValueAtTime(0.001, begin + FADE_S);
  tone.connect(volume).connect(audio.destination);
  tone.start(begin);
  tone.stop(begin + FADE_S);
  return tone;
}

export const chime = new Chime();
