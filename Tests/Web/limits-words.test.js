import assert from 'node:assert/strict';
import test from 'node:test';
import { limitsWords } from '../../web/core/format/limits-words.js';
import { Bench } from './bench.js';

const words = (limits) => limitsWords({ name: 'ada', limits })?.short;

test('what a credential is limited to is one sentence', () => {
  assert.equal(limitsWords(undefined), null);
  assert.equal(limitsWords({ name: 'ada', role: 'admin' }), null);
  assert.equal(words({ topics: ['stats'] }), undefined, 'all queues and tasks are seen');
  assert.equal(words({ queues: ['mail'] }), 'You see the queue mail only.');
  assert.equal(words({ queues: ['a', 'b'], tasks: ['app.*'] }), 'You see the queues a, b and the tasks app.* only.');
  assert.equal(words({ tasks: ['app.send'] }), 'You see the task app.send only.');
  assert.equal(words({ queues: [] }), 'You see no queues.');
  assert.equal(words({ queues: ['a'], tasks: [] }), 'You see the queue a and no tasks.');
});

test('of many the first are named and the rest is counted, and what is hostile is made harmless', () => {
  const queues = ['a', 'b', 'c', 'd', 'e', 'f'];
  assert.equal(words({ queues: queues.slice(0, 4) }), 'You see the queues a, b, c, d only.');
  assert.equal(words({ queues }), 'You see the queues a, b, c, d and 2 more only.');
  assert.match(limitsWords({ limits: { queues } }).whole, /e, f only/);
  assert.equal(words({ queues: [7, 'x\u202ey'] }), 'You see the queue x\\u202ey only.');
  assert.equal(words({ queues: 'mail' }), undefined);
});

test('who one is is asked anew when rights are taken away from a live page', async () => {
  const bench = new Bench();
  bench.client.begin();
  await bench.connect();
  bench.session = { ...bench.session, who: { sub: 'ada', role: 'viewer', limits: { queues: ['mail'] } } };
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 40, part: 0, cols: ['h', 'id'], rows: [[7, 'w']], more: false });
  await bench.notify('sub.reset', { sub, reason: 'role_changed', epoch: 'e1' });
  await bench.settle();

  assert.equal(bench.client.session.who.role, 'viewer');
  assert.deepEqual(bench.client.session.who.limits, { queues: ['mail'] });
});
