import assert from 'node:assert/strict';
import test from 'node:test';
import { AUDIT_OUTCOMES, auditJoined, auditShown, oldestLine, readAuditFilter, whoDid, writeAuditFilter } from '../../web/core/state/audit.js';
import { auditStatus } from '../../web/core/format/states.js';
import { formatRoute, parseRoute } from '../../web/core/query/route.js';
import { Bench } from './bench.js';

const ROWS = [
  { id: '9', by: 'ada', from: '192.0.2.1', action: 'queue.purge', target: 'queue mail', outcome: 'accepted' },
  { id: '10', from: '192.0.2.7', action: 'session.open', outcome: 'refused' },
  { id: '11', by: 'bob', from: '192.0.2.1', action: 'queue.purge', outcome: 'refused', detail: 'role viewer may not do queue.purge' },
];
const ids = (rows) => rows.map(({ id }) => id);

test('lines are found by words in any field and by outcome, the newest first', () => {
  assert.deepEqual(ids(auditShown(ROWS, { text: '', outcome: '' })), ['11', '10', '9']);
  assert.deepEqual(ids(auditShown(ROWS, { text: '  PURGE mail ', outcome: '' })), ['9']);
  assert.deepEqual(ids(auditShown(ROWS, { text: '192.0.2.1', outcome: 'refused' })), ['11']);
  assert.deepEqual(ids(auditShown(ROWS, { text: 'nobody', outcome: '' })), []);
});

test('the filter stands in the address, within its bounds', () => {
  const filter = { text: 'a & b', outcome: 'refused' };
  assert.deepEqual(readAuditFilter(parseRoute(formatRoute('audit', null, writeAuditFilter(filter))).query), filter);
  assert.deepEqual(readAuditFilter(new Map([['outcome', '__proto__'], ['find', 'x'.repeat(251)]])), { text: 'x'.repeat(250), outcome: '' });
});

test('each line is shown once, whether it is a row of the topic or was read by pages', () => {
  const older = [{ id: '9', outcome: 'accepted' }, { id: '8', outcome: 'done' }];
  assert.deepEqual(ids(auditShown(auditJoined(ROWS, older), { text: '', outcome: '' })), ['11', '10', '9', '8']);
  assert.equal(oldestLine(older), 8);
  assert.equal(oldestLine([]), null);
});

test('every outcome has a shape and a word, and who is nobody is not blank', () => {
  for (const outcome of AUDIT_OUTCOMES) assert.notEqual(auditStatus(outcome).word, outcome);
  assert.deepEqual(auditStatus('refused'), { kind: 'failed', word: 'Refused' });
  assert.equal(auditStatus('new thing').kind, 'unknown');
  assert.deepEqual([{ by: 'ada' }, { from: 'local' }, { from: '192.0.2.1' }].map(whoDid), ['ada', 'command line', 'a stranger']);
});

test('a topic of one page is open while the page is, comes back with the connection, and its refusal is kept', async () => {
  const bench = new Bench(['stats']);
  bench.client.begin();
  await bench.connect();
  const opened = () => bench.sent.filter(({ method }) => method === 'sub.open').map(({ params }) => params.topic);
  assert.deepEqual(opened(), ['stats']);

  bench.client.keepTopic('audit');
  bench.client.keepTopic('audit');
  assert.deepEqual(opened(), ['stats', 'audit']);
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 4, part: 0, cols: ['h', 'id'], rows: [[1, '1']], more: false });
  assert.equal(bench.client.topics.get('audit').size, 1);
  await bench.notify('sub.reset', { sub, reason: 'forbidden', epoch: 'e1' });
  assert.equal(bench.client.topics.get('audit').size, 0);
  assert.equal(bench.client.topicErrors.get('audit').code, 1003);

  bench.client.dropTopic('audit');
  assert.deepEqual(bench.last('sub.close').params, { sub });
  assert.equal(bench.client.topicErrors.has('audit'), false);
  assert.equal(bench.client.topics.has('audit'), false);
  bench.client.dropTopic('audit');
  assert.equal(bench.sent.filter(({ method }) => method === 'sub.close').length, 1);
});
