import assert from 'node:assert/strict';
import test from 'node:test';
import { AckPacer } from '../../web/core/link/ack-pacer.js';
import { Backoff, CAP_MILLISECONDS } from '../../web/core/link/backoff.js';
import { ConnectionMachine } from '../../web/core/link/connection-machine.js';
import { Freshness } from '../../web/core/link/freshness.js';
import { socketAddress } from '../../web/core/link/socket-address.js';
import { closeRule } from '../../web/core/protocol/close-codes.js';

const types = (actions) => actions.map(({ type }) => type);

function live(random = () => 0.5) {
  const machine = new ConnectionMachine({ random });
  machine.begin(0);
  machine.sessionFound(0);
  machine.socketOpened(0);
  machine.helloArrived(0);
  machine.sessionStarted(0);
  return machine;
}

test('the first page load connects at once, step by step', () => {
  const machine = new ConnectionMachine({ random: () => 0.99 });
  assert.deepEqual(types(machine.begin(5)), ['checkSession']);
  assert.deepEqual(types(machine.sessionFound(6)), ['open']);
  assert.deepEqual(types(machine.socketOpened(7)), []);
  assert.equal(machine.state, 'greeting');
  assert.deepEqual(types(machine.helloArrived(8)), ['start']);
  assert.deepEqual(types(machine.sessionStarted(9)), ['resubscribe']);
  assert.equal(machine.state, 'live');
});

test('after an established session broke the first attempt comes uniformly within two seconds', () => {
  for (const [random, delay] of [[0, 0], [0.25, 500], [0.5, 1000], [0.999, 1998]]) {
    const machine = live(() => random);
    machine.socketClosed(1006, 1_000);
    assert.equal(machine.state, 'waiting');
    assert.equal(machine.retryAt, 1_000 + delay);
  }
});

test('attempts that fail double their spread up to the cap', () => {
  const backoff = new Backoff(() => 0.9999999);
  const delays = Array.from({ length: 9 }, () => backoff.next());
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, CAP_MILLISECONDS, CAP_MILLISECONDS, CAP_MILLISECONDS]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test('a floor shifts the jitter instead of gathering everybody at one moment', () => {
  assert.equal(new Backoff(() => 0).next({ floorMilliseconds: 10_000 }), 10_000);
  assert.equal(new Backoff(() => 0.5).next({ floorMilliseconds: 10_000, established: true }), 11_000);
  assert.equal(new Backoff(() => 0.999).next({ floorMilliseconds: 30_000, established: true }), 31_998);
});

for (const [code, state, least] of [
  [1003, 'stopped'], [1007, 'stopped'], [1009, 'stopped'], [4400, 'stopped'], [4403, 'stopped'], [4406, 'stopped'], [4409, 'stopped'], [4405, 'stopped'],
  [4401, 'checking'],
  [1001, 'waiting', 0], [4408, 'waiting', 2_000], [4413, 'waiting', 10_000], [4429, 'waiting', 30_000], [4500, 'waiting', 1_000], [4499, 'waiting', 1_000], [4599, 'waiting', 1_000],
]) {
  test(`close code ${code} leads to ${state}${least ? ` for at least ${least} ms` : ''}`, () => {
    const machine = live(() => 0);
    machine.socketClosed(code, 1_000);
    assert.equal(machine.state, state);
    if (least !== undefined) assert.equal(machine.retryAt, 1_000 + least);
    assert.notEqual(machine.why, '');
  });
}

test('a drain is left at the moment the server chose', () => {
  const machine = live(() => 0.9);
  machine.byeArrived({ code: 1001, reason: 'drain', retryAfterMs: 4_321 });
  machine.socketClosed(1001, 1_000);
  assert.equal(machine.retryAt, 5_321);
});

test('a goodbye without a close frame still says what to do', () => {
  const machine = live(() => 0);
  machine.byeArrived({ code: 4403 });
  machine.socketClosed(1006, 1_000);
  assert.equal(machine.state, 'stopped');
});

test('a client that was called slow asks for half as much each time', () => {
  const machine = live(() => 0);
  assert.equal(machine.rateDivisor, 1);
  machine.socketClosed(4408, 1_000);
  assert.equal(machine.rateDivisor, 2);
});

test('the backoff starts over only after a minute of health', () => {
  const reconnect = (machine, at) => {
    machine.tick(at, false);
    machine.sessionFound(at);
    machine.socketOpened(at);
    machine.helloArrived(at);
    machine.sessionStarted(at);
  };
  const machine = live(() => 0.9999999);
  machine.socketClosed(1006, 1_000);
  reconnect(machine, 3_000);
  machine.socketClosed(1006, 62_999);
  assert.equal(machine.retryAt - 62_999, 2_000, 'the second attempt in a row: floor 1 s and spread 1 s');
  reconnect(machine, 70_000);
  machine.socketClosed(1006, 130_000);
  assert.equal(machine.retryAt - 130_000, 2_000, 'the first attempt again: 0 to 2 s');
});

test('silence of the other side ends a live session, and a handshake that hangs is given up', () => {
  const machine = live();
  assert.deepEqual(types(machine.tick(26_000, true)), ['drop']);
  assert.equal(machine.state, 'waiting');
  const hanging = new ConnectionMachine({ random: () => 0 });
  hanging.begin(0);
  hanging.sessionFound(0);
  assert.deepEqual(types(hanging.tick(9_999, false)), []);
  assert.deepEqual(types(hanging.tick(10_000, false)), ['drop']);
  assert.equal(hanging.state, 'waiting');
});

test('without a session nothing is tried until a person signs in', () => {
  const machine = new ConnectionMachine({ random: () => 0 });
  machine.begin(0);
  machine.sessionMissing(1);
  assert.equal(machine.state, 'signedOut');
  assert.equal(machine.wakeAt, Infinity);
  assert.deepEqual(types(machine.begin(2)), ['checkSession']);
});

test('a gateway that cannot be reached is asked for ever', () => {
  const machine = new ConnectionMachine({ random: () => 0.5 });
  machine.begin(0);
  let now = 0;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    machine.sessionUnreachable(now);
    assert.equal(machine.state, 'waiting');
    assert.ok(machine.retryAt - now <= CAP_MILLISECONDS);
    now = machine.retryAt;
    assert.deepEqual(types(machine.tick(now, false)), ['checkSession']);
  }
});

test('unknown close codes below 4408 stop, others retry', () => {
  assert.equal(closeRule(4404).action, 'stop');
  assert.equal(closeRule(4407).action, 'stop');
  assert.equal(closeRule(4450).action, 'retry');
  assert.equal(closeRule(1011).action, 'retry');
});

test('acknowledgements leave at once, then at most ten times a second, newest revision only', () => {
  const pacer = new AckPacer();
  pacer.note(1, 10);
  assert.deepEqual(pacer.take(0), [[1, 10]]);
  pacer.note(1, 11);
  pacer.note(2, 5);
  pacer.note(1, 12);
  assert.equal(pacer.take(99), null);
  assert.equal(pacer.dueAt, 100);
  assert.deepEqual(pacer.take(100), [[1, 12], [2, 5]]);
  assert.equal(pacer.take(500), null);
  assert.equal(pacer.dueAt, Infinity);
});

test('the parts of a series are acknowledged by the number of the last one', () => {
  const pacer = new AckPacer();
  for (let part = 0; part < 3; part += 1) pacer.note(4, 77, part);
  assert.deepEqual(pacer.take(0), [[4, 77, 2]]);
});

test('the age of the data is counted on the clock of the gateway', () => {
  const freshness = new Freshness();
  assert.equal(freshness.age(0), null);
  freshness.clockLearnt(3_600_000, 1_000);
  freshness.frameArrived(1_000);
  freshness.heartbeatArrived({ t: 3_600_000, asOf: 3_599_000, ingest: 'ok', shed: 0 }, 1_000);
  assert.equal(freshness.age(1_000), 1_000);
  assert.equal(freshness.isStale(5_000), false);
  assert.equal(freshness.isStale(5_001), true);
  freshness.asOfLearnt(3_590_000);
  assert.equal(freshness.age(1_000), 1_000, 'knowledge does not get older by an old message');
});

test('25 s of silence is death, 24.9 s is not', () => {
  const freshness = new Freshness();
  freshness.frameArrived(1_000);
  assert.equal(freshness.isDead(26_000), false);
  assert.equal(freshness.isDead(26_001), true);
});

test('a page connects to its own origin, whatever it is told', () => {
  const page = 'https://gw.example/wall/?size=55#/overview';
  assert.equal(socketAddress(page, null), 'wss://gw.example/ws/v1');
  assert.equal(socketAddress('http://127.0.0.1:8555/', null), 'ws://127.0.0.1:8555/ws/v1');
  assert.equal(socketAddress(page, 'wss://gw.example/gw-1/ws/v1'), 'wss://gw.example/gw-1/ws/v1');
  assert.equal(socketAddress(page, 'wss://GW.example:443/gw-1/ws/v1'), 'wss://gw.example/gw-1/ws/v1');
  for (const other of ['wss://gw-1.example/ws/v1', 'wss://gw.example:8443/ws/v1', 'ws://gw.example/ws/v1', 'https://gw.example/ws/v1',
    'wss://gw.example@evil.example/ws/v1', 'wss://me:too@gw.example/ws/v1', 'javascript:1', '/ws/v1', '', 'wss://']) {
    assert.equal(socketAddress(page, other), 'wss://gw.example/ws/v1', other);
  }
});
