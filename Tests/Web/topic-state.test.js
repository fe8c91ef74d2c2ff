import assert from 'node:assert/strict';
import test from 'node:test';
import { TopicState } from '../../web/core/feed/topic-state.js';
import { Limits } from '../../web/core/limits.js';
import { seeded } from './random.js';
import { SyncModel } from './sync-model.js';

const plain = (state) => new Map([...state.snapshot()].map(([handle, row]) => [handle, { ...row }]));
const snapshot = (at, rows, more = {}) => ({ sub: 1, epoch: 'e', at, part: 0, cols: ['h', 'id', 'state'], rows, ...more });

test('a delta is applied in the order gone, new, put', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(10, [[1, 'a', 'x'], [2, 'b', 'y']]));

  const outcome = state.applyDelta({ from: 10, to: 12, put: [[1, { state: 'z' }], [11, { load: 3 }]], new: [[11, { id: 'b', state: 'n' }]], gone: [2] });

  assert.equal(outcome, 'applied');
  assert.deepEqual(plain(state), new Map([[1, { id: 'a', state: 'z' }], [11, { id: 'b', state: 'n', load: 3 }]]));
  assert.equal(state.get('b').state, 'n');
  assert.deepEqual(state.position, { epoch: 'e', rev: 12 });
  assert.equal(state.anomalies, 0);
});

test('a row that is gone and comes back under its id keeps the index right', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(10, [[1, 'a', 'x']]));

  state.applyDelta({ from: 10, to: 11, new: [[11, { id: 'a', state: 'again' }]] });
  state.applyDelta({ from: 11, to: 12, gone: [1] });

  assert.equal(state.get('a').state, 'again');
});

test('null removes a field, and a cleared field is absent rather than null', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(1, [[1, 'a', 'x']]));

  state.applyDelta({ from: 1, to: 2, put: [[1, { state: null }]] });

  assert.equal('state' in state.get('a'), false);
});

test('applying a delta twice is harmless', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));
  const delta = { from: 5, to: 8, new: [[7, { id: 'b', state: 'n' }]], put: [[1, { state: 'y' }]], gone: [99] };

  state.applyDelta(delta);
  const once = plain(state);
  state.applyDelta(delta);

  assert.deepEqual(plain(state), once);
});

test('a delta that ends below the revision of the client takes nothing back', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(20, [[1, 'a', 'new']]));

  assert.equal(state.applyDelta({ from: 3, to: 10, put: [[1, { state: 'old' }]] }), 'old');
  assert.equal(state.get('a').state, 'new');
});

test('a delta that starts above the revision of the client asks for a resync and changes nothing', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));

  assert.equal(state.applyDelta({ from: 6, to: 9, put: [[1, { state: 'y' }]] }), 'resync');
  assert.equal(state.get('a').state, 'x');
  assert.equal(state.revision, 5);
});

test('rows on show stay until the last part of a snapshot is here', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));

  assert.equal(state.applySnapshot(snapshot(9, [[2, 'b', 'y']], { more: true })), 'more');
  assert.equal(state.get('a').state, 'x');
  assert.equal(state.position, null);
  assert.equal(state.applySnapshot(snapshot(9, [[3, 'c', 'z']], { part: 1 })), 'applied');
  assert.deepEqual([...state.rows].map(({ id }) => id), ['b', 'c']);
});

for (const [name, second] of [
  ['a part that is missing', snapshot(9, [], { part: 2 })],
  ['a part of another snapshot', snapshot(10, [], { part: 1 })],
]) {
  test(`${name} asks for a resync`, () => {
    const state = new TopicState();
    state.applySnapshot(snapshot(9, [[2, 'b', 'y']], { more: true }));
    assert.equal(state.applySnapshot(second), 'resync');
  });
}

test('a reset keeps what is on show, unless it may not be seen any longer', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(5, [[1, 'a', 'x']]));

  state.applyReset({ reason: 'epoch_changed' });
  assert.equal(state.size, 1);
  assert.equal(state.position, null);
  state.applyReset({ reason: 'forbidden' });
  assert.equal(state.size, 0);
  assert.equal(state.get('a'), undefined);
});

test('names like __proto__ are rows and fields like any other', () => {
  const state = new TopicState();
  state.applySnapshot({ at: 1, epoch: 'e', part: 0, cols: ['h', 'id', '__proto__'], rows: [[1, '__proto__', 'field']] });
  state.applyDelta(JSON.parse('{"from":1,"to":2,"new":[[2,{"id":"constructor","__proto__":["polluted"]}]],"put":[[1,{"toString":"x"}]]}'));

  assert.equal({}.polluted, undefined);
  assert.equal(state.get('__proto__').__proto__, 'field');
  assert.deepEqual(state.get('constructor').__proto__, ['polluted']);
  assert.equal(state.get('constructor').length, undefined);
  assert.equal(state.get('__proto__').toString, 'x');
  assert.equal(state.get('valueOf'), undefined);
});

test('a delta in parts moves the revision with its last part', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(4, [[1, 'a', 'x']]));

  state.applyDelta({ from: 4, to: 9, part: 0, more: true, new: [[5, { id: 'b' }]] });
  assert.equal(state.position.rev, 4, 'the connection may end here');
  state.applyDelta({ from: 4, to: 9, part: 1, new: [[6, { id: 'c' }]] });
  assert.equal(state.position.rev, 9);
});

test('of a delta with a wrong shape nothing is applied', () => {
  const state = new TopicState();
  state.applySnapshot(snapshot(1, [[1, 'a', 'x']]));

  assert.throws(() => state.applyDelta({ from: 1, to: 2, gone: [1], put: [[7]] }), TypeError);
  assert.throws(() => state.applyDelta({ from: 1, to: 2, gone: [1], new: [[2, { id: { deep: 1 } }]] }), TypeError);

  assert.equal(state.size, 1);
  assert.equal(state.revision, 1);
});

test('a topic holds its limit of rows and not one more', () => {
  const state = new TopicState();
  const rows = Array.from({ length: Limits.rowsPerTopic }, (_, index) => [index + 1, `r${index}`, 'x']);
  state.applySnapshot(snapshot(1, rows));
  assert.equal(state.size, Limits.rowsPerTopic);

  state.applyDelta({ from: 1, to: 2, new: [[Limits.rowsPerTopic + 1, { id: 'over' }]] });

  assert.equal(state.size, Limits.rowsPerTopic);
  assert.equal(state.get('over'), undefined);
});

for (const filter of [null, { field: 'state', value: 'STARTED' }]) {
  test(`a client that applies deltas equals the model, ${filter ? 'filtered' : 'unfiltered'}`, () => {
    for (let seed = 0; seed < 400; seed += 1) runTrial(seed, filter);
  });
}

/** Random changes; superset deltas from any older revision; a fuzzy snapshot in the middle and at the end. */
function runTrial(seed, filter) {
  const random = seeded(seed);
  const model = new SyncModel();
  const columns = ['id', 'state', 'worker', 'queue', 'runtime'];
  const step = () => {
    const id = `t${random.below(12)}`;
    const kind = random.next();
    if (kind < 0.12) model.remove(id);
    else if (kind < 0.22) model.clear(id, random.pick(columns.slice(1)));
    else model.set(id, random.pick(columns.slice(1)), random.pick(['STARTED', 'SUCCESS', 'a', 'b']));
  };
  const state = new TopicState();
  const takeSnapshot = () => {
    const at = model.revision;
    for (let index = 0; index < 12; index += 1) {
      state.applySnapshot({ at, epoch: 'e', part: index, cols: ['h', ...columns], rows: model.part(`t${index}`, columns, filter), more: index < 11 });
      if (random.chance(0.5)) step();
    }
    assert.equal(state.applyDelta(model.delta(at, filter)), 'applied');
  };
  takeSnapshot();
  const seen = [state.revision];
  for (let round = 0; round < 60; round += 1) {
    for (let count = random.below(4); count > 0; count -= 1) step();
    if (random.chance(0.4)) {
      state.applyDelta(model.delta(random.pick(seen), filter));
      seen.push(model.revision);
      assert.deepEqual(plain(state), model.expected(filter), `seed ${seed}`);
    }
    if (random.chance(0.04)) {
      state.applyReset({ reason: 'horizon' });
      takeSnapshot();
      seen.splice(0, seen.length, state.revision);
    }
  }
  takeSnapshot();
  assert.deepEqual(plain(state), model.expected(filter), `seed ${seed}`);
  for (const row of state.rows) assert.equal(state.get(row.id), row);
}
