/**
 * What the page knows, and who wants to hear of it. Frames mark topics as changed; listeners run once per flush, not
 * once per frame. The owner decides when to flush (one animation frame per batch).
 */
export class Store {
  /** @type {Set<string>} */ #changed = new Set();
  /** @type {Map<(changed: ReadonlySet<string>) => void, ReadonlySet<string> | null>} */ #listeners = new Map();
  #schedule;
  #scheduled = false;

  /** @param {(flush: () => void) => void} schedule calls `flush` later, once */
  constructor(schedule) { this.#schedule = schedule; }

  /** @param {string} what a topic, `window`, `connection`, `clock` … */
  mark(what) {
    this.#changed.add(what);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  /** Runs the listeners now. What they mark is for the next flush. */
  flush() {
    this.#scheduled = false;
    if (this.#changed.size === 0) return;
    const changed = this.#changed;
    this.#changed = new Set();
    // Listeners that are added meanwhile are called too: a page that has just been made wants its first look.
    for (const [listener, wanted] of this.#listeners) {
      if (wanted === null || [...wanted].some((what) => changed.has(what))) listener(changed);
    }
  }

  /**
   * @param {(changed: ReadonlySet<string>) => void} listener
   * @param {string[] | null} wanted null hears everything
   * @returns {() => void} ends it
   */
  listen(listener, wanted = null) {
    this.#listeners.set(listener, wanted === null ? null : new Set(wanted));
    return () => this.#listeners.delete(listener);
  }
}
