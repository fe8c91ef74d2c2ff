import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPauseForm } from '../../web/core/commands/pause-form.js';
import { readRestoreForm } from '../../web/core/commands/restore-form.js';
import { Limits } from '../../web/core/limits.js';
import { driftWords, isPaused, pauseWords } from '../../web/core/state/queue-pause.js';
import { trashOf, untouchedWords } from '../../web/core/state/queue-purge.js';

const NOW = new Date(2030, 4, 6, 22, 15);
const pause = (form) => {
  const { args, problems } = readPauseForm({ until: '300', at: '', reason: '', ...form }, NOW);
  return problems.size > 0 ? [...problems.keys()] : args;
};

test('a pause lasts seconds, until the next morning, until a time, or without an end', () => {
  assert.deepEqual(pause({ until: '3600' }), { seconds: 3600 });
  assert.deepEqual(pause({ until: 'morning' }), { resumeAt: new Date(2030, 4, 7, 8).toISOString() });
  assert.deepEqual(pause({ until: 'at', at: '2030-05-07T01:00' }), { resumeAt: new Date(2030, 4, 7, 1).toISOString() });
  assert.deepEqual(pause({ until: 'open', reason: ' deploy ' }), { reason: 'deploy' });
});

test('the morning after the last day of a month is the first', () => {
  assert.equal(readPauseForm({ until: 'morning', at: '', reason: '' }, new Date(2030, 11, 31, 7)).args.resumeAt, new Date(2031, 0, 1, 8).toISOString());
});

test('a pause that cannot be is told at its field', () => {
  assert.deepEqual(pause({ until: 'at' }), ['at']);
  assert.deepEqual(pause({ until: 'at', at: '2030-05-06T22:15' }), ['at']);
  assert.deepEqual(pause({ reason: 'x'.repeat(256) }), ['reason']);
  assert.deepEqual(pause({ reason: 'x'.repeat(255) }), { seconds: 300, reason: 'x'.repeat(255) });
});

test('a pause is told with who, why and until when', () => {
  const row = { pausedBy: 'ada', pausedAt: 1_900_000_000, pauseReason: 'deploy', resumeAt: 1_900_003_600 };
  const words = pauseWords(row, 1_900_000_180);
  assert.equal(words.by, 'Paused by ada, 3 m ago.');
  assert.equal(words.reason, 'deploy');
  assert.match(words.until, /^It resumes by itself at .*, in 57 m 00 s\.$/);
  assert.match(pauseWords({ state: 'paused' }, 0).until, /until somebody resumes it/);
});

test('a queue is paused by its row, whatever else it says', () => {
  assert.equal(isPaused({ state: 'ok', pausedAt: 1_900_000_000 }), true);
  assert.equal(isPaused({ state: 'paused' }), true);
  assert.equal(isPaused({ state: 'ok' }), false);
  assert.equal(isPaused(undefined), false);
});

test('who still consumes a paused queue is counted against all that are up', () => {
  assert.equal(driftWords({ stillConsuming: ['a'] }, 8), '1 of 8 workers still consumes: a');
  assert.equal(driftWords({ stillConsuming: ['a', 'b', 'c', 'd'] }, 8), '4 of 8 workers still consume: a, b, c and 1 more');
  assert.equal(driftWords({ stillConsuming: ['a', 'b'] }, 1), '2 of 2 workers still consume: a, b');
  assert.equal(driftWords({}, 8), '');
});

test('what a purge does not touch is named', () => {
  assert.match(untouchedWords({ unacked: 1, reserved: 0, scheduled: 2 }), /: 1 message unacknowledged, 2 with an ETA\.$/);
  assert.match(untouchedWords({}), /There is none now/);
});

test('a part of a purge is a number up to what is left, and to what one command takes', () => {
  const read = (count, left, which = 'first') => {
    const { args, problems } = readRestoreForm({ which, count }, left);
    return problems.size > 0 ? 'refused' : args;
  };
  assert.deepEqual(read('', 5, 'all'), {});
  assert.deepEqual(read('5', 5), { count: 5 });
  for (const bad of ['6', '0', '1.5', '', 'x']) assert.equal(read(bad, 5), 'refused', bad);
  assert.deepEqual(read(String(Limits.restored), 1e6), { count: Limits.restored });
  assert.equal(read(String(Limits.restored + 1), 1e6), 'refused');
  assert.deepEqual(readRestoreForm({ which: 'some', count: '', ids: ['a', 'b', 'a'] }, 5).args, { ids: ['a', 'b'] });
  assert.deepEqual([...readRestoreForm({ which: 'some', count: '', ids: [] }, 5).problems.keys()], ['which']);
});

test('the trash of one queue, newest first', () => {
  const rows = [{ id: 'a', queue: 'q', at: 1 }, { id: 'b', queue: 'r', at: 3 }, { id: 'c', queue: 'q', at: 2 }];
  assert.deepEqual(trashOf(rows, 'q').map(({ id }) => id), ['c', 'a']);
});
