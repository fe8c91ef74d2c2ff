import assert from 'node:assert/strict';
import test from 'node:test';
import { Bench } from './bench.js';

async function connected(topics) {
  const bench = new Bench(topics);
  bench.client.begin();
  await bench.connect();
  return bench;
}

test('the first frame carries the CSRF nonce, and topics are opened when the session stands', async () => {
  const bench = await connected(['workers', 'queues']);

  const start = bench.sent[0];
  assert.equal(start.method, 'session.start');
  assert.deepEqual(start.params.auth, { kind: 'cookie', csrf: 'nonce' });
  assert.deepEqual(start.params.proto, { major: 1, minor: 0 });
  assert.deepEqual(bench.sent.slice(1).map(({ params }) => params.topic), ['workers', 'queues']);
  assert.equal('since' in bench.sent[1].params, false);
  assert.equal(bench.client.isLive, true);
});

test('after a break the client comes back within two seconds and resumes from its position', async () => {
  const bench = await connected();
  await bench.answer('sub.open', { sub: 1, mode: 'snapshot' });
  await bench.notify('sub.snap', { sub: 1, epoch: 'e1', at: 40, part: 0, cols: ['h', 'id'], rows: [[7, 'w']], more: false });
  bench.socket.handlers.closed(1006);
  assert.equal(bench.client.topics.get('workers').size, 1, 'what was known stays on show');

  await bench.advance(2_000);
  assert.equal(bench.sockets.length, 2);
  await bench.connect();

  assert.deepEqual(bench.last('sub.open').params.since, { epoch: 'e1', rev: 40 });
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.delta', { sub, from: 40, to: 44, put: [[7, { state: 'busy' }]] });
  assert.equal(bench.client.topics.get('workers').get('w').state, 'busy');
});

test('what the goodbye said to come back with is shown once, and the rows go on by deltas', async () => {
  const bench = await connected();
  assert.equal('resume' in bench.sent[0].params, false);
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 40, part: 0, cols: ['h', 'id'], rows: [[7, 'w']], more: false });
  await bench.notify('session.bye', { code: 1001, reason: 'drain', retryAfterMs: 500, resume: 'signed' });
  bench.socket.handlers.closed(1001);
  await bench.advance(500);
  await bench.connect('e1', { resumed: true });

  assert.equal(bench.last('session.start').params.resume, 'signed');
  assert.deepEqual(bench.last('sub.open').params.since, { epoch: 'e1', rev: 40 });
  await bench.answer('sub.open', { sub: bench.last('sub.open').params.sub, mode: 'delta' });
  assert.equal(bench.client.topics.get('workers').size, 1);
  bench.socket.handlers.closed(1006);
  await bench.advance(4_000);
  await bench.connect();
  assert.equal('resume' in bench.sent[0].params, false, 'of a break nobody said goodbye before, there is none');
});

test('the gateway of the session before is tried first where it alone is reached, and once', async () => {
  const bench = await connected();
  const told = 'wss://gw-1.example/ws/v1';
  bench.socket.handlers.closed(1006);
  await bench.advance(2_000);
  await bench.connect('e1', { resumeUrl: told });
  bench.socket.handlers.closed(1006);
  await bench.advance(4_000);
  // It does not answer there: the page's own address is next, and after a session anew the other again.
  bench.socket.handlers.closed(1006);
  await bench.advance(8_000);
  await bench.connect('e1', { resumeUrl: told });
  bench.socket.handlers.closed(1006);
  await bench.advance(8_000);

  assert.deepEqual(bench.sockets.map((socket) => socket.told), [null, null, told, null, told]);
});

test('a delta with a hole before it makes the client ask for a resync once', async () => {
  const bench = await connected();
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 40, part: 0, cols: ['h', 'id'], rows: [], more: false });

  await bench.notify('sub.delta', { sub, from: 50, to: 60 });
  await bench.notify('sub.delta', { sub, from: 60, to: 70 });

  assert.equal(bench.sent.filter(({ method }) => method === 'sub.resync').length, 1);
  await bench.notify('sub.reset', { sub, reason: 'resync', epoch: 'e1' });
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 70, part: 0, cols: ['h', 'id'], rows: [[1, 'a']], more: false });
  assert.equal(bench.client.topics.get('workers').size, 1);
});

test('frames are acknowledged at once, then in bundles of a tenth of a second', async () => {
  const bench = await connected();
  const { sub } = bench.last('sub.open').params;
  await bench.notify('sub.snap', { sub, epoch: 'e1', at: 40, part: 0, cols: ['h', 'id'], rows: [], more: false });
  await bench.notify('sub.delta', { sub, from: 40, to: 41 });
  await bench.notify('sub.delta', { sub, from: 41, to: 42 });
  const acks = () => bench.sent.filter(({ method }) => method === 'sub.ack').map(({ params }) => params.acks);

  assert.deepEqual(acks(), [[[sub, 40, 0]]]);
  assert.equal('id' in bench.last('sub.ack'), false);
  await bench.advance(100);
  assert.deepEqual(acks(), [[[sub, 40, 0]], [[sub, 42]]]);
});

test('a heartbeat is answered with an acknowledgement even if nothing is new', async () => {
  const bench = await connected();
  await bench.notify('session.hb', { rev: 9, t: bench.now, asOf: bench.now - 50, ingest: 'ok', shed: 0 });
  assert.deepEqual(bench.last('sub.ack').params, { acks: [] });
  assert.equal(bench.client.freshness.age(bench.now), 50);
});

test('25 s of silence end the connection and begin another', async () => {
  const bench = await connected();
  await bench.advance(25_000);
  assert.equal(bench.client.isLive, true);
  await bench.advance(4_000);
  assert.equal(bench.sockets[0].closedWith, 1000);
  assert.equal(bench.sockets.length, 2);
});

test('windows are opened anew after a break, and keep their rows until then', async () => {
  const bench = await connected();
  const feedWindow = bench.client.openWindow({ topic: 'tasks', mode: 'follow', limit: 50 });
  const first = bench.last('view.open').params;
  await bench.notify('view.snap', { sub: first.sub, at: 5, cols: ['h', 'id'], rows: [[1, 'a']], total: 1 });
  assert.equal(feedWindow.state.list().length, 1);

  bench.socket.handlers.closed(1006);
  await bench.advance(2_000);
  await bench.connect('e2');

  assert.equal(feedWindow.state.list().length, 1);
  const second = bench.last('view.open').params;
  assert.notEqual(second.sub, first.sub);
  assert.equal('since' in second, false);
  await bench.notify('view.snap', { sub: second.sub, at: 3, cols: ['h', 'id'], rows: [], total: 0 });
  assert.equal(feedWindow.state.list().length, 0);
});

test('a frame of a window that was closed is nobody’s', async () => {
  const bench = await connected();
  const feedWindow = bench.client.openWindow({ topic: 'tasks', mode: 'follow' });
  const { sub } = bench.last('view.open').params;
  feedWindow.close();
  assert.deepEqual(bench.last('view.close').params, { sub });
  await bench.notify('view.snap', { sub, at: 5, cols: ['h', 'id'], rows: [[1, 'a']] });
  assert.equal(feedWindow.state.list().length, 0);
});

test('a command whose connection breaks is unknown, never failed', async () => {
  const bench = await connected();
  const refused = assert.rejects(bench.client.request('cmd.submit', { cmd: 'queue.purge' }), (error) => /unknown/.test(error.message) && error.retry === false);
  bench.socket.handlers.closed(1006);
  await refused;
  await assert.rejects(bench.client.request('cmd.submit', {}), (error) => /nothing was sent/.test(error.message));
});

test('an answer that does not come is given up after 15 s', async () => {
  const bench = await connected();
  const pending = assert.rejects(bench.client.request('cmd.submit', {}), (error) => /no answer within 15 s/.test(error.message));
  await bench.advance(15_000);
  await pending;
});

test('an error carries its code and whether to try again', async () => {
  const bench = await connected();
  const pending = bench.client.request('cmd.submit', {});
  await bench.serve({ id: bench.last('cmd.submit').id, error: { code: 1010, message: 'precondition failed', data: { retry: false, detail: { messages: 9 } } } });
  await assert.rejects(pending, (error) => error.code === 1010 && error.retry === false && error.detail.messages === 9);
});

test('a lost session ends in the sign-in page, and a new one begins from there', async () => {
  const bench = await connected();
  bench.session = { found: false };
  bench.socket.handlers.closed(4401);
  await bench.settle();
  assert.equal(bench.client.machine.state, 'signedOut');
  await bench.advance(120_000);
  assert.equal(bench.sockets.length, 1, 'nothing is tried meanwhile');
  bench.session = { found: true, csrf: 'new', who: {} };
  bench.client.begin();
  await bench.settle();
  assert.equal(bench.sockets.length, 2);
});

test('what cannot be parsed is counted and changes nothing', async () => {
  const bench = await connected();
  for (const text of ['', '[]', '{"jsonrpc":"1.0"}', 'null', '{"jsonrpc":"2.0","id":"x","result":{}}']) bench.socket.handlers.message(text);
  await bench.notify('sub.snap', { sub: bench.last('sub.open').params.sub, at: 1, cols: 7, rows: 'no' });
  assert.equal(bench.client.invalidFrames, 6);
  assert.equal(bench.client.isLive, true);
});

test('a topic the gateway does not have is noted and harms no other', async () => {
  const bench = await connected(['alerts']);
  await bench.serve({ id: bench.last('sub.open').id, error: { code: 1004, message: 'unknown topic', data: { retry: false } } });
  assert.equal(bench.client.topicErrors.get('alerts').code, 1004);
  assert.equal(bench.client.isLive, true);
});
