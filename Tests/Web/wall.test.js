/** The wall display: letters that are large enough, the worst first, and never old data that looks new. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { drift, fit, fontPixels, isCompact, wallOptions } from '../../web/core/wall/layout.js';
import { doubt, failuresWorstFirst, problems, queuesWorstFirst, span, unverified, verdict } from '../../web/core/wall/picture.js';

const FULL_HD = { width: 1920, height: 1080 };

test('letters grow with the distance: 52 px for 5 m on a 55 inch screen, 84 px for 8 m if there is room', () => {
  assert.equal(fontPixels(FULL_HD, { distance: 5, diagonal: 55 }), 52);
  assert.equal(fontPixels({ width: 3840, height: 2160 }, { distance: 4, diagonal: 55 }), 84);
  assert.equal(fontPixels(FULL_HD, { distance: 50, diagonal: 55 }), 77);
  assert.equal(fontPixels(FULL_HD, { distance: 0.3, diagonal: 500 }), 11);
  assert.equal(isCompact(1080, 54), false);
  assert.equal(isCompact(1080, 55), true);
});

test('options that are missing or nonsense are the usual ones', () => {
  assert.deepEqual(wallOptions(''), { distance: 3, diagonal: 55 });
  assert.deepEqual(wallOptions('?distance=8&diagonal=75'), { distance: 8, diagonal: 75 });
  for (const nonsense of ['?distance=', '?distance=-1', '?distance=51', '?distance=x', '?distance=Infinity']) assert.equal(wallOptions(nonsense).distance, 3, nonsense);
  assert.equal(wallOptions('?distance=50').distance, 50);
});

test('what has no room is counted, in a line of its own', () => {
  const rows = [1, 2, 3, 4, 5];
  assert.deepEqual(fit(rows, 5), { shown: rows, more: 0 });
  assert.deepEqual(fit(rows, 4), { shown: [1, 2, 3], more: 2 });
  assert.deepEqual(fit(rows, 0), { shown: [], more: 5 });
});

test('the picture moves by at most 4 pixels and comes back', () => {
  for (let minute = -20; minute < 20; minute += 1) {
    const [[x, y], [nextX, nextY]] = [drift(minute), drift(minute + 1)];
    assert.ok(x >= 0 && x <= 4 && y >= 0 && y <= 4);
    assert.ok(Math.abs(nextX - x) <= 2 && Math.abs(nextY - y) <= 2);
  }
});

const fresh = { problems: [], age: 400, live: true, everLive: true, broker: 'ok' };

test('all is well only while the data is at most 5 s old', () => {
  assert.deepEqual(verdict(fresh), { kind: 'ok', text: 'All is well', fresh: true });
  assert.equal(verdict({ ...fresh, age: 5000 }).text, 'All is well');
  assert.deepEqual(verdict({ ...fresh, age: 5001 }), { kind: 'failed', text: 'No data for 5 s', fresh: false });
  assert.equal(verdict({ ...fresh, age: 42_900, live: false }).text, 'No data for 42 s');
  assert.equal(verdict({ ...fresh, age: null }).fresh, false);
  assert.equal(verdict({ ...fresh, everLive: false }).text, 'Connecting');
  assert.equal(verdict({ ...fresh, broker: 'down' }).kind, 'failed');
});

test('what was not looked at again since events were lost does not look well', () => {
  const queues = new Map([['q', { id: 'q', stale: true }], ['r', { id: 'r' }]]).values();
  assert.equal(unverified([{ id: 'w', stale: true }, { id: 'v', stale: false }], queues), 2);
  assert.deepEqual(verdict({ ...fresh, unverified: 2 }), { kind: 'unknown', text: 'Checking 2 after a gap', fresh: true });
  assert.equal(verdict({ ...fresh, unverified: 2, problems: [{ kind: 'warning' }] }).text, '1 warning');
  const shown = { name: 'q', side: '3/min', value: '9', kind: null };
  assert.deepEqual(doubt({ id: 'q' }, shown), shown);
  assert.deepEqual(doubt({ id: 'q', stale: true }, shown), { ...shown, side: 'unverified', kind: 'unknown' });
  assert.equal(doubt({ id: 'q', stale: true }, { ...shown, kind: 'failed' }).kind, 'failed');
});

test('problems are counted, errors before warnings, and no worker twice', () => {
  const alerts = [
    { id: 'a', severity: 'warning', title: 'Slow', subject: 'worker w1' },
    { id: 'b', severity: 'error', title: 'Nobody consumes this queue', subject: 'queue archive' },
    { id: 'c', severity: 'info', title: 'Good to know' },
  ];
  const workers = [{ id: 'w1', state: 'slow' }, { id: 'w2', state: 'wedged', reason: 'it takes nothing' }, { id: 'w3', state: 'online' }];

  const list = problems(alerts, workers);

  assert.deepEqual(list.map(({ text }) => text), ['queue archive: Nobody consumes this queue', 'worker w2: it takes nothing', 'worker w1: Slow']);
  assert.deepEqual(verdict({ ...fresh, problems: list }), { kind: 'failed', text: '2 problems', fresh: true });
  assert.equal(verdict({ ...fresh, problems: list.slice(2) }).text, '1 warning');
});

test('a queue without a consumer comes before a fuller one', () => {
  const queues = [{ id: 'a', depth: 90 }, { id: 'b', depth: 1, state: 'unconsumed' }, { id: 'c', depth: 99 }];
  assert.deepEqual(queuesWorstFirst(queues).map(({ id }) => id), ['b', 'c', 'a']);
});

test('only names that failed lately are shown, with their share', () => {
  const stats = [
    { id: 'name:a', name: 'a', failed: 9, failed5m: 0, succeeded5m: 5 },
    { id: 'name:b', name: 'b', failed: 9, failed5m: 1, succeeded5m: 3 },
    { id: 'name:c', name: 'c', failed: 9, failed5m: 2 },
  ];
  assert.deepEqual(failuresWorstFirst(stats).map(({ name, failed, share }) => [name, failed, share]), [['c', 2, 1], ['b', 1, 0.25]]);
});

test('a span never says more than it knows', () => {
  assert.deepEqual([0, 999, 42_000, 99_999, 100_000, 5_999_999, 6_000_000, 172_800_000].map(span), ['0 s', '0 s', '42 s', '99 s', '1 min', '99 min', '1 h', '2 d']);
});
