/**
 * Rows never move under the pointer or the focus. While a mouse is over the zone or the focus is in it, the rows shown
 * keep their places (their content goes on changing), rows that went stay as `gone`, newcomers are only counted.
 */
const RELEASE_MILLISECONDS = 350;

export class Hold {
  #zone;
  #keyOf;
  #changed;
  #pointer = false;
  #timer = null;
  #shown = new Map();
  #offered = [];
  #waiting = 0;
  #gone = new Set();
  #released = false;

  /**
   * @param {HTMLElement} zone
   * @param {(row: any) => unknown} keyOf
   * @param {() => void} changed the held rows were let go: draw again
   */
  constructor(zone, keyOf, changed) {
    this.#zone = zone;
    this.#keyOf = keyOf;
    this.#changed = changed;
    zone.addEventListener('pointerenter', (event) => { if (event.pointerType === 'mouse') this.#pointer = true; });
    zone.addEventListener('pointerleave', () => { this.#pointer = false; this.#later(); });
    zone.addEventListener('focusout', () => this.#later());
  }

  get isHeld() {
    return !this.#released && (this.#pointer || this.#zone.contains(document.activeElement)) && this.#shown.size > 0;
  }

  /** Rows that would have come in. */
  get waiting() { return this.#waiting; }
  isGone(key) { return this.#gone.has(key); }

  /** @param {any[]} rows in their true order @returns {any[]} rows to show now */
  arrange(rows) {
    this.#offered = rows;
    this.#gone.clear();
    this.#waiting = 0;
    if (!this.isHeld) {
      this.#released = false;
      this.#shown = new Map(rows.map((row) => [this.#keyOf(row), row]));
      return rows;
    }
    const offered = new Map(rows.map((row) => [this.#keyOf(row), row]));
    for (const key of this.#shown.keys()) {
      const row = offered.get(key);
      if (row === undefined) this.#gone.add(key);
      else this.#shown.set(key, row);
    }
    for (const key of offered.keys()) if (!this.#shown.has(key)) this.#waiting += 1;
    return [...this.#shown.values()];
  }

  /** The person asked to see what is new. */
  release() {
    this.#released = true;
    this.#changed();
  }

  /** Another question was asked: nothing of the old rows is to be kept. */
  forget() {
    this.#shown.clear();
    this.#gone.clear();
    this.#waiting = 0;
  }

  #later() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.isHeld && (this.#waiting > 0 || this.#gone.size > 0 || this.#offered.length > 0)) this.#changed();
    }, RELEASE_MILLISECONDS);
  }
}
