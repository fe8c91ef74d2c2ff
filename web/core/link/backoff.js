/**
 * When to try again (R56): full jitter, base 0.5 s, factor 2, cap 30 s; the first attempt after an established
 * session broke comes uniformly within 0-2 s, so that 10,000 pages do not knock at once. A floor (from the close
 * code) is added below the jitter rather than clipped into it: clipping would make everybody knock at the floor.
 */
export const BASE_MILLISECONDS = 500;
export const FACTOR = 2;
export const CAP_MILLISECONDS = 30_000;
export const FIRST_MILLISECONDS = 2_000;
export const HEALTHY_MILLISECONDS = 60_000;

export class Backoff {
  #attempt = 0;
  #random;

  /** @param {() => number} random uniform in [0, 1) */
  constructor(random) { this.#random = random; }

  /** Attempts since the last reset. */
  get attempt() { return this.#attempt; }

  /**
   * @param {{floorMilliseconds?: number, established?: boolean}} loss what was lost
   * @returns {number} milliseconds to wait
   */
  next({ floorMilliseconds = 0, established = false } = {}) {
    const first = established && this.#attempt === 0;
    const spread = first ? FIRST_MILLISECONDS : Math.min(CAP_MILLISECONDS, BASE_MILLISECONDS * FACTOR ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 16);
    const jitter = this.#random() * spread;
    return Math.round(Math.min(floorMilliseconds + jitter, Math.max(CAP_MILLISECONDS, floorMilliseconds + FIRST_MILLISECONDS)));
  }

  /** After 60 s of health. */
  reset() { this.#attempt = 0; }
}
