/**
 * Bounded series of numbers for sparklines: one sample per series and tick, the oldest falls off. A missing value is
 * a hole, so that a lost connection is seen as a gap and not as a straight line.
 */
import { Limits } from '../limits.js';

export class Series {
  #values;
  #start = 0;
  #length = 0;

  /** @param {number} capacity */
  constructor(capacity = Limits.historySamples) { this.#values = new Float64Array(capacity); }

  get length() { return this.#length; }
  get capacity() { return this.#values.length; }

  /** @param {number | null | undefined} value not a finite number: a hole */
  push(value) {
    const slot = (this.#start + this.#length) % this.capacity;
    this.#values[slot] = Number.isFinite(value) ? value : NaN;
    if (this.#length < this.capacity) this.#length += 1;
    else this.#start = (this.#start + 1) % this.capacity;
  }

  /** @param {number} index 0 is the oldest */
  at(index) { return this.#values[(this.#start + index) % this.capacity]; }

  /** @returns {number} or NaN */
  get last() { return this.#length === 0 ? NaN : this.at(this.#length - 1); }

  /** Least and greatest value that is not a hole. @returns {[number, number] | null} */
  range() {
    let low = Infinity;
    let high = -Infinity;
    for (let index = 0; index < this.#length; index += 1) {
      const value = this.at(index);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low === Infinity ? null : [low, high];
  }
}

export class History {
  /** @type {Map<string, Series>} */ #series = new Map();
  #limit;
  #capacity;

  constructor({ series = Limits.historySeries, samples = Limits.historySamples } = {}) {
    this.#limit = series;
    this.#capacity = samples;
  }

  get size() { return this.#series.size; }

  /** @param {string} key @returns {Series | undefined} */
  get(key) { return this.#series.get(key); }

  /** One tick: every series gets a sample; those that are not named get a hole and are dropped once they are all hole. */
  sample(values) {
    for (const [key, value] of values) {
      if (!this.#series.has(key)) {
        if (this.#series.size >= this.#limit) continue;
        this.#series.set(key, new Series(this.#capacity));
      }
      this.#series.get(key).push(value);
    }
    for (const [key, series] of this.#series) {
      if (values.has(key)) continue;
      series.push(NaN);
      if (series.range() === null) this.#series.delete(key);
    }
  }
}

/**
 * The path of a sparkline in a box of `width` × `height`, newest sample at the right edge; holes break the line.
 * @param {Series} series
 * @returns {{line: string, area: string, last: [number, number] | null}}
 */
export function sparklinePath(series, width, height, { zeroBased = true, padding = 2, leastSamples = 40 } = {}) {
  const range = series.range();
  if (range === null) return { line: '', area: '', last: null };
  let [low, high] = range;
  if (zeroBased) low = Math.min(0, low);
  if (high - low < 1e-9) high = low + 1;
  // A young series fills from the right; once it is longer than `leastSamples` it spans the box.
  const step = width / Math.max(1, Math.max(series.length, Math.min(leastSamples, series.capacity)) - 1);
  const left = width - step * (series.length - 1);
  const round = (value) => Math.round(value * 100) / 100;
  let line = '';
  let area = '';
  let run = [];
  let last = null;
  const finish = () => {
    if (run.length > 1) {
      line += `M${run.map(([x, y]) => `${x} ${y}`).join('L')}`;
      area += `M${run[0][0]} ${height}L${run.map(([x, y]) => `${x} ${y}`).join('L')}L${run.at(-1)[0]} ${height}Z`;
    }
    run = [];
  };
  for (let index = 0; index < series.length; index += 1) {
    const value = series.at(index);
    if (Number.isNaN(value)) {
      finish();
      continue;
    }
    const y = padding + (height - 2 * padding) * (1 - (value - low) / (high - low));
    const point = [round(left + step * index), round(y)];
    run.push(point);
    last = point;
  }
  finish();
  return { line, area, last };
}
