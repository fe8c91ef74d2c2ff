/**
 * Rows from the wire. A row is an object without a prototype, so that a member called `__proto__` or `constructor`
 * is a field like any other and reading a field that is absent gives undefined, never something inherited.
 */

/** Throws if a snapshot has not the promised shape: the owner asks for another. */
export function checkSnapshot(frame) {
  if (!Array.isArray(frame.cols) || !Array.isArray(frame.rows) || !Number.isSafeInteger(frame.at)) throw new TypeError('a snapshot without revision, columns or rows');
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
      if (Number.isSafeInteger(value)) handle = value;
    } else if (value !== null && value !== undefined) {
      row[columns[index]] = value;
    }
  }
  return [handle, row];
}
