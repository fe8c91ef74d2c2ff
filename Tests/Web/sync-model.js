/**
 * A server that keeps the sync rules R12-R20 in the plainest way: rows with a revision per field, tombstones by
 * handle, deltas from any older revision, snapshots that are streamed while rows go on changing.
 */
export class SyncModel {
  revision = 0;
  rows = new Map();
  tombs = new Map();

  set(id, name, value) {
    this.revision += 1;
    let row = this.rows.get(id);
    if (row === undefined) {
      row = { handle: this.revision, values: new Map([['id', id]]), revisions: new Map() };
      this.rows.set(id, row);
    }
    if (row.values.get(name) === value) return;
    row.values.set(name, value);
    row.revisions.set(name, this.revision);
  }

  clear(id, name) {
    const row = this.rows.get(id);
    if (row === undefined || !row.values.has(name)) return;
    this.revision += 1;
    row.values.delete(name);
    row.revisions.set(name, this.revision);
  }

  remove(id) {
    const row = this.rows.get(id);
    if (row === undefined) return;
    this.revision += 1;
    this.rows.delete(id);
    this.tombs.set(row.handle, this.revision);
  }

  /** @param {number} since @param {{field: string, value: unknown} | null} filter */
  delta(since, filter) {
    const added = [];
    const put = [];
    const gone = [];
    for (const row of this.rows.values()) {
      const changed = [...row.revisions].filter(([, revision]) => revision > since).map(([name]) => name);
      const fresh = row.handle > since;
      if (!fresh && changed.length === 0) continue;
      const crossed = filter !== null && changed.includes(filter.field);
      if (matches(row, filter)) {
        if (fresh || crossed) added.push([row.handle, Object.fromEntries(row.values)]);
        else put.push([row.handle, Object.fromEntries(changed.map((name) => [name, row.values.get(name) ?? null]))]);
      } else if (crossed) gone.push(row.handle);
    }
    for (const [handle, revision] of this.tombs) if (revision > since) gone.push(handle);
    return { from: since, to: this.revision, new: added, put, gone };
  }

  /** What a client with this filter must hold: handle → fields. */
  expected(filter) {
    const expected = new Map();
    for (const row of this.rows.values()) if (matches(row, filter)) expected.set(row.handle, Object.fromEntries(row.values));
    return expected;
  }

  /** One part of a snapshot: the row as it is now. */
  part(id, columns, filter) {
    const row = this.rows.get(id);
    return row === undefined || !matches(row, filter) ? [] : [[row.handle, ...columns.map((name) => row.values.get(name) ?? null)]];
  }
}

function matches(row, filter) {
  return filter === null || row.values.get(filter.field) === filter.value;
}
