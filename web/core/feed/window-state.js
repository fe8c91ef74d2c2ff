/**
 * One window over a large topic (R22-R25): at most 200 rows in the server's order.
 *
 * `pinned`: the rows are those of the snapshot; one that stops matching is marked `left`, newcomers are only counted
 * (`before`). One that matches again is named in `back`. `follow`: the server sends the whole list of handles in `order` whenever it changes.
 */
import { Limits } from '../limits.js';
import { checkDelta, checkSnapshot, makeRow, patchRow, readCells } from './rows.js';

export class WindowState {
  /** @type {Map<number, object>} */ #rows = new Map();
  /** @type {number[]} */ #order = [];
  /** @type {Set<number>} */ #left = new Set();
  #revision = -1;
  #total = 0;
  #approximate = false;
  #before = 0;
  #next = null;
  #version = 0;
  #complete = false;
  #anomalies = 0;

  /** @param {'pinned' | 'follow'} mode */
  constructor(mode) { this.mode = mode; }

  get revision() { return this.#revision; }
  get version() { return this.#version; }
  get complete() { return this.#complete; }
  get anomalies() { return this.#anomalies; }
  /** Rows that match, here or not. */
  get total() { return this.#total; }
  get totalIsApproximate() { return this.#approximate; }
  /** Matching rows that sort before the window: the newcomers of a pinned window. */
  get before() { return this.#before; }
  /** Cursor of the page after this one, given back as it came, or null. */
  get next() { return this.#next; }
  /** Handles in order. */
  get order() { return this.#order; }

  /** @param {number} handle */
  row(handle) { return this.#rows.get(handle); }
  /** @param {number} handle whether the row no longer matches the filter */
  hasLeft(handle) { return this.#left.has(handle); }
  /** @returns {object[]} */
  list() { return this.#order.map((handle) => this.#rows.get(handle)); }

  /** @param {{at: number, cols: string[], rows: unknown[][], total?: unknown, before?: number, next?: unknown, more?: boolean, part?: number}} frame */
  applySnapshot(frame) {
    checkSnapshot(frame);
    if ((frame.part ?? 0) === 0) {
      this.#rows = new Map();
      this.#order = [];
      this.#left = new Set();
    }
    for (const cells of frame.rows) {
      const [handle, row] = readCells(frame.cols, cells);
      if (handle === null || this.#order.length >= Limits.rowsPerWindow || this.#rows.has(handle)) continue;
      this.#rows.set(handle, row);
      this.#order.push(handle);
    }
    this.#revision = frame.at;
    this.#readCounts(frame);
    this.#next = frame.next ?? null;
    this.#complete = frame.more !== true;
    this.#version += 1;
    return this.#complete ? 'applied' : 'more';
  }

  /**
   * @param {{from: number, to: number, new?: [number, object][], put?: [number, object][], gone?: number[],
   *   left?: number[], back?: number[], order?: number[] | null, total?: unknown, before?: number}} delta
   * @returns {'applied' | 'old' | 'resync'}
   */
  applyDelta(delta) {
    checkDelta(delta);
    if (!this.#complete || delta.from > this.#revision) return 'resync';
    if (delta.to < this.#revision) return 'old';
    for (const handle of delta.gone ?? []) this.#depart(handle);
    for (const [handle, fields] of delta.new ?? []) {
      this.#rows.set(handle, makeRow(fields));
      this.#left.delete(handle);
    }
    for (const [handle, patch] of delta.put ?? []) {
      const row = this.#rows.get(handle);
      if (row === undefined) this.#anomalies += 1;
      else this.#rows.set(handle, patchRow(row, patch));
    }
    for (const handle of delta.left ?? []) this.#depart(handle);
    for (const handle of delta.back ?? []) this.#left.delete(handle);
    if (Array.isArray(delta.order)) this.#reorder(delta.order);
    this.#readCounts(delta);
    // Of a delta in parts, only the last one moves the revision: the others may never come.
    if (delta.more !== true) this.#revision = delta.to;
    this.#version += 1;
    return 'applied';
  }

  /** The server starts over: what is on show stays until the next snapshot. */
  applyReset() {
    this.#revision = -1;
    this.#complete = false;
    this.#version += 1;
  }

  /** A pinned row stays and is marked; in a followed window `order` says who is in. */
  #depart(handle) {
    if (!this.#rows.has(handle)) return;
    this.#left.add(handle);
  }

  #reorder(order) {
    const seen = new Set();
    const next = [];
    for (const handle of order) {
      if (next.length >= Limits.rowsPerWindow) break;
      if (seen.has(handle)) continue;
      seen.add(handle);
      if (this.#rows.has(handle)) next.push(handle);
      else this.#anomalies += 1;
    }
    for (const handle of this.#rows.keys()) {
      if (!seen.has(handle)) this.#rows.delete(handle);
    }
    this.#left = new Set([...this.#left].filter((handle) => seen.has(handle)));
    this.#order = next;
  }

  #readCounts(frame) {
    if (Number.isFinite(frame.total)) {
      this.#total = frame.total;
      this.#approximate = false;
    } else if (frame.total && Number.isFinite(frame.total.approx)) {
      this.#total = frame.total.approx;
      this.#approximate = true;
    }
    if (Number.isFinite(frame.before)) this.#before = frame.before;
  }
}
