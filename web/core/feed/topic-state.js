/**
 * One whole-topic subscription (R15-R20) as the client holds it: rows by handle, and the revision they stand at.
 *
 * Rows are null-prototype objects that are replaced, never changed in place: a view that kept a row knows by
 * identity whether it must paint again. Handles, not ids, are the keys of the sync (D1); `byId` is an index for people.
 */
import { Limits } from '../limits.js';
import { checkDelta, checkSnapshot, makeRow, patchRow, readCells } from './rows.js';

export class TopicState {
  /** @type {Map<number, object>} */ #rows = new Map();
  /** @type {Map<string, number>} */ #handles = new Map();
  /** @type {{at: number, epoch: string, rows: Map<number, object>, nextPart: number} | null} */ #staging = null;
  #revision = -1;
  #epoch = '';
  #version = 0;
  #anomalies = 0;
  #complete = false;

  /** Rows in order of creation. */
  get rows() { return this.#rows.values(); }
  get size() { return this.#rows.size; }
  /** Revision the rows stand at; -1 before the first snapshot. */
  get revision() { return this.#revision; }
  get epoch() { return this.#epoch; }
  /** Grows with every change of any row. */
  get version() { return this.#version; }
  /** Patches for handles that are not here: zero while both sides keep the rules. */
  get anomalies() { return this.#anomalies; }
  /** True once a whole snapshot has been applied. */
  get complete() { return this.#complete; }
  /** The position to resume from, or null if there is none. */
  get position() {
    return this.#complete && this.#staging === null ? { epoch: this.#epoch, rev: this.#revision } : null;
  }

  /** @param {string} id */
  get(id) {
    const handle = this.#handles.get(id);
    return handle === undefined ? undefined : this.#rows.get(handle);
  }

  /** @param {number} handle */
  byHandle(handle) { return this.#rows.get(handle); }

  /** @returns {Map<number, object>} a copy, for tests and tools */
  snapshot() { return new Map(this.#rows); }

  /**
   * A part of a snapshot. The rows on show stay until the last part is here, so a page never blinks empty.
   * @param {{epoch?: string, at: number, part?: number, cols: string[], rows: unknown[][], more?: boolean}} frame
   * @returns {'more' | 'applied' | 'resync'}
   */
  applySnapshot(frame) {
    checkSnapshot(frame);
    const part = frame.part ?? 0;
    if (part === 0) {
      this.#staging = { at: frame.at, epoch: frame.epoch ?? this.#epoch, rows: new Map(), nextPart: 0 };
    }
    const staging = this.#staging;
    if (staging === null || part !== staging.nextPart || frame.at !== staging.at) {
      this.#staging = null;
      return 'resync';
    }
    staging.nextPart += 1;
    for (const cells of frame.rows) {
      const [handle, row] = readCells(frame.cols, cells);
      if (handle !== null && staging.rows.size < Limits.rowsPerTopic) staging.rows.set(handle, row);
    }
    if (frame.more === true) return 'more';
    this.#rows = staging.rows;
    this.#handles = new Map();
    for (const [handle, row] of this.#rows) this.#index(handle, row);
    this.#revision = staging.at;
    this.#epoch = staging.epoch;
    this.#staging = null;
    this.#complete = true;
    this.#version += 1;
    return 'applied';
  }

  /**
   * @param {{from: number, to: number, new?: [number, object][], put?: [number, object][], gone?: number[]}} delta
   * @returns {'applied' | 'old' | 'resync'} `resync`: the delta starts above what is here, so something was lost
   */
  applyDelta(delta) {
    checkDelta(delta);
    if (!this.#complete || delta.from > this.#revision) return 'resync';
    if (delta.to < this.#revision) return 'old';
    for (const handle of delta.gone ?? []) this.#remove(handle);
    for (const [handle, fields] of delta.new ?? []) this.#replace(handle, makeRow(fields));
    for (const [handle, patch] of delta.put ?? []) {
      const row = this.#rows.get(handle);
      if (row === undefined) this.#anomalies += 1;
      else this.#replace(handle, patchRow(row, patch));
    }
    // Of a delta in parts, only the last one moves the revision: the others may never come.
    if (delta.more !== true) this.#revision = delta.to;
    this.#version += 1;
    return 'applied';
  }

  /**
   * The server starts over (R20). The rows stay on show until the new snapshot is complete, unless we may not see
   * them any longer.
   * @param {{reason?: string, epoch?: string}} frame
   */
  applyReset(frame) {
    this.#staging = null;
    this.#revision = -1;
    this.#complete = false;
    if (frame.reason === 'forbidden') {
      this.#rows = new Map();
      this.#handles = new Map();
    }
    this.#version += 1;
  }

  #index(handle, row) {
    if (typeof row.id === 'string') this.#handles.set(row.id, handle);
  }

  #replace(handle, row) {
    if (!this.#rows.has(handle) && this.#rows.size >= Limits.rowsPerTopic) return;
    this.#rows.set(handle, row);
    this.#index(handle, row);
  }

  #remove(handle) {
    const row = this.#rows.get(handle);
    if (row === undefined) return;
    this.#rows.delete(handle);
    if (this.#handles.get(row.id) === handle) this.#handles.delete(row.id);
  }
}
