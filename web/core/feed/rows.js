/**
 * Rows from the wire. A row is an object without a prototype, so that a member called `__proto__` or `constructor`
 * is a field like any other and reading a field that is absent gives undefined, never something inherited.
 */
import { isObject } from '../protocol/frames.js';

/** Throws if a snapshot has not the promised shape: the owner asks for another. */
export function checkSnapshot(frame) {
  if (!Array.isArray(frame.cols) || !Array.isArray(frame.rows) || !Number.isSafeInteger(frame.at)) throw new TypeError('a snapshot without revision, columns or rows');
}

/** Throws if a delta has not the promised shape, before any of it is applied: the owner asks for a snapshot. */
export function checkDelta({ from, to, gone = [], new: fresh = [], put = [] }) {
  if (!isRevision(from) || !isRevision(to) || to < from) throw new TypeError('a delta without its revisions');
  if (!Array.isArray(gone) || !gone.every(isHandle)) throw new TypeError('gone is no array of handles');
  for (const pairs of [fresh, put]) {
    if (!Array.isArray(pairs) || !pairs.every(isPair)) throw new TypeError('a delta with rows that are none');
  }
}

function isRevision(value) { return Number.isSafeInteger(value) && value >= 0; }
function isHandle(value) { return Number.isSafeInteger(value) && value > 0; }

function isPair(pair) {
  return Array.isArray(pair) && pair.length === 2 && isHandle(pair[0]) && isObject(pair[1]) && !Object.values(pair[1]).some(isObject);
}

/** @param {object} fields @returns {object} */
export function makeRow(fields) {
  const row = Object.create(null);
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null) row[name] = value;
  }
  return row;
}

/** A new row with the patch applied; null removes the field (D6). @returns {object} */
export function patchRow(row, patch) {
  const next = Object.assign(Object.create(null), row);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next;
}

/**
 * One line of a columnar snapshot.
 * @param {string[]} columns the first of them named `h` is the handle
 * @param {unknown[]} cells null is an absent field
 * @returns {[number | null, object]}
 */
export function readCells(columns, cells) {
  const row = Object.create(null);
  let handle = null;
  for (let index = 0; index < columns.length; index += 1) {
    const value = cells[index];
    if (columns[index] === 'h') {
      if (isHandle(value)) handle = value;
    } else if (isObject(value)) {
      throw new TypeError('a value that is neither a scalar nor an array');
    } else if (value !== null && value !== undefined) {
      row[columns[index]] = value;
    }
  }
  return [handle, row];
}
