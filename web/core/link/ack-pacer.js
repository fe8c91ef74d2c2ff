/**
 * Acknowledgements (R45): the newest revision per subscription, at once if none left in the last 100 ms, else
 * together when that time is over. The server stops sending a subscription after two frames without one.
 */
import { Limits } from '../limits.js';

export class AckPacer {
  /** @type {Map<number, {revision: number, frames: number}>} */ #pending = new Map();
  #lastSent = -Infinity;

  /**
   * Note that a frame of this subscription was applied up to `revision`. Parts of one snapshot share a revision, and
   * each entry of an acknowledgement releases one of them, so they are counted.
   */
  note(sub, revision) {
    const earlier = this.#pending.get(sub);
    const frames = earlier !== undefined && earlier.revision === revision ? earlier.frames + 1 : 1;
    this.#pending.set(sub, { revision, frames });
  }

  /** Forget a subscription that was closed. */
  forget(sub) { this.#pending.delete(sub); }

  clear() {
    this.#pending.clear();
    this.#lastSent = -Infinity;
  }

  /** When `take` has something to send, or Infinity. */
  get dueAt() {
    return this.#pending.size === 0 ? Infinity : this.#lastSent + Limits.ackIntervalMilliseconds;
  }

  /**
   * @param {number} now milliseconds
   * @returns {[number, number][] | null} the acks to send now
   */
  take(now) {
    if (this.#pending.size === 0 || now < this.dueAt) return null;
    const acks = [...this.#pending].flatMap(([sub, { revision, frames }]) => new Array(frames).fill([sub, revision]));
    this.#pending.clear();
    this.#lastSent = now;
    return acks;
  }
}
