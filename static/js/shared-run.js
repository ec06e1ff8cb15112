// @ts-check
/** @import {Frame, NumberedFrame} from "./types.js" */
/** @import {Followed} from "./run.js" */
import { given, leaving, returned } from "./presence.js";
import { endsUnseen, RunFollower } from "./run.js";

/**
 * What tabs tell each other of a run. `frames` follow frame `before`, as the leader has them; `wanted`: those after this number,
 * which `answers` repeats; `led`: how far the leader is; `gone`: the server has no frames left.
 *
 * @typedef {"ended" | "gone"} Outcome
 * @typedef {{frames?: NumberedFrame[], before?: number, wanted?: number, answers?: number, led?: number, connected?: boolean, gone?: true}} News
 */

/**
 * One run, followed by all tabs of the browser that show it, over one connection: a browser has six of them to a server. The
 * tab that has the run's lock leads: it is connected, and passes on what comes. When it closes, or nobody looks at it any
 * more, another goes on from the last frame it has. Where the browser has no locks, each tab is connected by itself.
 */
export class SharedRun {
  /** What this tab has, from the first frame. @type {NumberedFrame[]} */
  #frames;
  #asked = -1;
  #leads = false;
  #alone = false;
  #settle = (/** @type {Outcome | "alone"} */ _) => {};

  /**
   * @param {Followed} run
   * @param {number} after the number of the last frame already taken: 0, or 1 where it was opened here
   * @param {{frame: (data: Frame) => void, connected: (yes: boolean) => void}} listener
   */
  constructor(run, after, listener) {
    this.run = run;
    this.listener = listener;
    this.#frames = after ? [{ id: after, data: {} }] : [];
    this.channel = new BroadcastChannel(run.address);
    this.channel.addEventListener("message", ({ data }) => this.#heard(data));
  }

  /**
   * @param {AbortSignal} signal
   * @param {AsyncGenerator<NumberedFrame, void, void>} [open] a stream that already runs
   * @returns {Promise<Outcome>} as RunFollower's. Throws the signal's reason only.
   */
  async follow(signal, open) {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    /** @type {Promise<Outcome | "alone">} */
    const told = new Promise((resolve) => (this.#settle = resolve));
    this.#tell({ wanted: this.#last });
    try {
      const outcome = await Promise.race([told, this.#inTurn(either, open)]);
      over.abort();
      return outcome === "alone" ? await this.#connected(signal) : outcome;
    } finally {
      over.abort();
      void open?.return();
      this.channel.close();
    }
  }

  get #last() {
    return this.#frames.at(-1)?.id ?? 0;
  }

  /** @param {AbortSignal} signal @param {AsyncGenerator<NumberedFrame, void, void>} [open] @returns {Promise<Outcome>} */
  async #inTurn(signal, open) {
    for (let stream = open; ; stream = undefined) {
      if (!stream && (await endsUnseen(this.run.ended, signal))) return "gone";
      const left = leaving(signal); // a page that is kept for Back would keep the lock
      const here = AbortSignal.any([signal, left]);
      const lead = () => Promise.race([this.#lead(here, stream), given(left)]);
      const turn = navigator.locks ? navigator.locks.request(this.run.address, { signal: here }, lead) : lead();
      const outcome = await turn.catch((error) => (left.aborted && !signal.aborted ? returned() : Promise.reject(error)));
      if (outcome !== "away") return outcome;
    }
  }

  /** @param {AbortSignal} signal @param {AsyncGenerator<NumberedFrame, void, void>} [open] */
  async #lead(signal, open) {
    this.#leads = true;
    this.#tell({ led: this.#last });
    const outcome = await this.#follower().follow(signal, open).finally(() => (this.#leads = false));
    if (outcome === "gone") this.#tell({ gone: true });
    return outcome;
  }

  /** By itself: what other tabs have is cut otherwise than what this one has. @param {AbortSignal} signal @returns {Promise<Outcome>} */
  async #connected(signal) {
    this.#alone = true;
    for (;;) {
      if (await endsUnseen(this.run.ended, signal)) return "gone";
      const outcome = await this.#follower().follow(signal);
      if (outcome !== "away") return outcome;
    }
  }

  #follower() {
    const connected = (/** @type {boolean} */ yes) => (this.listener.connected(yes), this.#tell({ connected: yes }));
    const frame = (/** @type {Frame} */ data, /** @type {number} */ id) => {
      this.#tell({ frames: [{ id, data }], before: this.#last });
      this.#take({ id, data });
    };
    return new RunFollower(this.run.address, this.#last, { frame, connected });
  }

  /** @param {NumberedFrame} frame */
  #take(frame) {
    this.#frames.push(frame);
    this.listener.frame(frame.data);
  }

  /** @param {News} news */
  #heard({ frames, before = 0, wanted, answers, led, connected, gone }) {
    if (this.#alone) return;
    if (this.#leads) return wanted === undefined ? undefined : this.#passOn(wanted);
    if (frames) this.#taken(frames, before, answers);
    if (led !== undefined && led > this.#last) this.#tell({ wanted: this.#last });
    if (connected !== undefined) this.listener.connected(connected);
    if (gone) this.#settle("gone");
  }

  /** @param {number} after */
  #passOn(after) {
    const at = this.#frames.findIndex(({ id }) => id > after);
    if (at >= 0) this.#tell({ frames: this.#frames.slice(at), before: this.#frames[at - 1]?.id ?? 0, answers: after });
  }

  /** @param {NumberedFrame[]} frames @param {number} before @param {number} [answers] */
  #taken(frames, before, answers) {
    if ((frames.at(-1)?.id ?? 0) <= this.#last) return;
    if (before !== this.#last) return this.#missed(this.#last, answers);
    for (const frame of frames) this.#take(frame);
    if (frames.at(-1)?.data.state) this.#settle("ended");
  }

  /** Some frames did not come this way: they are asked for, once. @param {number} last @param {number} [answers] */
  #missed(last, answers) {
    if (this.#asked === last) return answers === last ? this.#settle("alone") : undefined;
    this.#asked = last;
    this.#tell({ wanted: last });
  }

  /** @param {News} news */
  #tell(news) {
    if (!this.#alone) this.channel.postMessage(news);
  }
}
