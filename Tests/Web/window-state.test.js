import assert from 'node:assert/strict';
import test from 'node:test';
import { WindowState } from '../../web/core/feed/window-state.js';
import { Limits } from '../../web/core/limits.js';
import { seeded } from './random.js';

const snapshot = (at, rows, more = {}) => ({ sub: 2, at, cols: ['h', 'id', 'state'], rows, total: rows.length, before: 0, ...more });
const ids = (state) => state.list().map(({ id }) => id);

test('a pinned window keeps its rows and marks those that left', () => {
  const state = new WindowState('pinned');
  state.applySnapshot(snapshot(5, [[3, 'c', 'STARTED'], [2, 'b', 'STARTED']], { total: 900, next: [1700000000.5, 2] }));

  state.applyDelta({ from: 5, to: 6, put: [[3, { state: 'SUCCESS' }]], left: [3], order: null, total: 899, before: 12 });

  assert.deepEqual(ids(state), ['c', 'b']);
  assert.equal(state.hasLeft(3), true);
  assert.equal(state.row(3).state, 'SUCCESS');
  assert.equal(state.before, 12);
  assert.equal(state.total, 899);
  assert.deepEqual(state.next, [1700000000.5, 2]);
  state.applyDelta({ from: 6, to: 7, back: [3] });
  assert.equal(state.hasLeft(3), false);
});

test('a followed window takes the order it is told and drops the rest', () => {
  const state = new WindowState('follow');
  state.applySnapshot(snapshot(5, [[3, 'c', 'x'], [2, 'b', 'x']]));

  state.applyDelta({ from: 5, to: 7, new: [[6, { id: 'd', state: 'x' }]], order: [6, 3] });

  assert.deepEqual(ids(state), ['d', 'c']);
  assert.equal(state.row(2), undefined);
  assert.equal(state.anomalies, 0);
});

test('an order with a handle that never came and a handle twice stays consistent', () => {
  const state = new WindowState('follow');
  state.applySnapshot(snapshot(5, [[3, 'c', 'x']]));

  state.applyDelta({ from: 5, to: 6, order: [77, 3, 3] });

  assert.deepEqual(ids(state), ['c']);
  assert.equal(state.anomalies, 1);
});

test('an approximate total is known to be one', () => {
  const state = new WindowState('follow');
  state.applySnapshot(snapshot(5, [], { total: { approx: 48000 } }));
  assert.equal(state.total, 48000);
  assert.equal(state.totalIsApproximate, true);
});

test('a window asks anew when its delta starts too high, and ignores an old one', () => {
  const state = new WindowState('pinned');
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));
  assert.equal(state.applyDelta({ from: 6, to: 7 }), 'resync');
  assert.equal(state.applyDelta({ from: 1, to: 4, put: [[1, { state: 'old' }]] }), 'old');
  assert.equal(state.row(1).state, 'x');
});

test('a window takes its limit of rows and not one more', () => {
  const state = new WindowState('follow');
  const rows = Array.from({ length: Limits.rowsPerWindow + 1 }, (_, index) => [index + 1, `r${index}`, 'x']);
  state.applySnapshot(snapshot(1, rows));
  assert.equal(state.list().length, Limits.rowsPerWindow);
});

test('parts of a long delta are applied one after the other', () => {
  const state = new WindowState('follow');
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));
  assert.equal(state.applyDelta({ from: 5, to: 5, new: [[6, { id: 'b' }]] }), 'applied');
  assert.equal(state.applyDelta({ from: 5, to: 8, new: [[7, { id: 'c' }]], order: [7, 6, 1] }), 'applied');
  assert.deepEqual(ids(state), ['c', 'b', 'a']);
});

test('a followed window equals the top of the model after any changes', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seeded(seed);
    const limit = 5;
    const state = new WindowState('follow');
    let rows = [];
    let revision = 0;
    let known = new Map();
    const top = () => [...rows].sort((a, b) => b.key - a.key).slice(0, limit);
    state.applySnapshot({ at: 0, cols: ['h'], rows: [], total: 0 });
    for (let round = 0; round < 40; round += 1) {
      const from = revision;
      for (let count = random.below(4); count > 0; count -= 1) {
        revision += 1;
        if (rows.length > 0 && random.chance(0.25)) rows = rows.filter((row) => row !== random.pick(rows));
        else if (rows.length > 0 && random.chance(0.4)) Object.assign(random.pick(rows), { state: random.pick(['a', 'b', 'c']) });
        else rows.push({ handle: revision, id: `t${revision}`, key: random.next(), state: 'a' });
      }
      const shown = top();
      const delta = { from, to: revision, total: rows.length, order: shown.map(({ handle }) => handle), new: [], put: [] };
      for (const row of shown) {
        if (!known.has(row.handle)) delta.new.push([row.handle, { id: row.id, state: row.state }]);
        else if (known.get(row.handle) !== row.state) delta.put.push([row.handle, { state: row.state }]);
      }
      known = new Map(shown.map((row) => [row.handle, row.state]));
      assert.equal(state.applyDelta(delta), 'applied');
      assert.deepEqual(state.list().map((row) => ({ ...row })), shown.map(({ id, state: value }) => ({ id, state: value })), `seed ${seed}`);
      assert.equal(state.total, rows.length);
      assert.equal(state.anomalies, 0);
    }
  }
});
