/**
 * Acknowledgements (R45): the newest revision per subscription, at once if none left in the last 100 ms, else
 * together when that time is over. The server stops sending a subscription after two frames without one.
 */
import { Limits } from '../limits.js';

export class AckPacer {
  /** @type {Map<number, number[]>} */ #pending = new Map();
  #lastSent = -Infinity;

  /**
   * Note that a frame of this subscription was applied up to `revision`. The parts of a series share a revision: the
   * number of the part says which of them are here.
   */
  note(sub, revision, part) {
    this.#pending.set(sub, Number.isSafeInteger(part) ? [sub, revision, part] : [sub, revision]);
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
   * @returns {number[][] | null} the acks to send now
   */
  take(now) {
    if (this.#pending.size === 0 || now < this.dueAt) return null;
    const acks = [...this.#pending.values()];
    this.#pending.clear();
    this.#lastSent = now;
    return acks;
  }
}
