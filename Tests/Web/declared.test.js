import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsOf, lackOf, lackOfAll, readFields, roleRefusal } from '../../web/core/commands/declared.js';

const COMMAND = {
  name: 'worker.timeLimit', roles: ['operator', 'admin'], destination: 'workers',
  parameters: [
    { name: 'soft', kind: 'seconds', min: 0.001, max: 100, required: false },
    { name: 'task', kind: 'text', required: true },
    { name: 'hard', kind: 'seconds', min: 0.001, max: 100, required: false },
    { name: 'n', kind: 'integer', min: 1, max: 1000, required: false },
    { name: 'eta', kind: 'instant', required: false },
    { name: 'countdown', kind: 'seconds', min: 0, max: 100, required: false },
    { name: 'signal', kind: 'choice', choices: ['SIGTERM', 'SIGKILL'], required: false },
    { name: 'terminate', kind: 'flag', required: false, roles: ['admin'] },
    { name: 'args', kind: 'array', required: false },
    { name: 'tags', kind: 'texts', required: false },
    { name: 'workers', kind: 'texts', required: false },
    { name: 'all', kind: 'flag', required: false },
  ],
};

function read(values) {
  const { args, problems } = readFields(COMMAND, new Map(Object.entries(values)));
  return { args, problems: [...problems.keys()] };
}

test('what a page knows by itself is no field, and what is needed comes first', () => {
  const names = fieldsOf(COMMAND).map(({ name }) => name);
  assert.equal(names[0], 'task');
  assert.ok(!names.includes('workers') && !names.includes('all'));
});

test('texts become arguments of their kind; empty ones are left out', () => {
  const { args, problems } = read({ task: ' a.b ', soft: '1.5', hard: '', n: '7', signal: 'SIGKILL', terminate: 'true', args: '[1, {"a": null}]', tags: 'a, b\na' });
  assert.deepEqual(problems, []);
  assert.deepEqual(args, { task: 'a.b', soft: 1.5, n: 7, signal: 'SIGKILL', terminate: true, args: [1, { a: null }], tags: ['a', 'b'] });
});

test('a time without a zone is the one of this computer, and is sent with one', () => {
  const { args } = read({ task: 'a', eta: '2030-05-06T07:08' });
  assert.equal(args.eta, new Date(2030, 4, 6, 7, 8).toISOString());
});

for (const [name, bad] of [['n', '1001'], ['n', '0'], ['n', '1.5'], ['n', 'x'], ['soft', '0'], ['soft', '100.1'], ['signal', 'SIGSTOP'], ['args', '{}'], ['args', '[1'], ['eta', 'soon'], ['task', ''], ['task', 'x'.repeat(256)]]) {
  test(`${name} = ${bad.slice(0, 20)} is a problem of that field`, () => assert.deepEqual(read({ task: 'a', [name]: bad }).problems, [name]));
}

for (const [name, good] of [['n', '1000'], ['n', '1'], ['soft', '0.001'], ['soft', '100'], ['task', 'x'.repeat(255)]]) {
  test(`${name} = ${good.slice(0, 20)} is none`, () => assert.deepEqual(read({ task: 'a', [name]: good }).problems, []));
}

test('two values that cannot both hold are a problem', () => {
  assert.deepEqual(read({ task: 'a', countdown: '1', eta: '2030-01-01T00:00' }).problems, ['eta']);
  assert.deepEqual(read({ task: 'a', soft: '5', hard: '4' }).problems, ['soft']);
});

test('a role that may not is told who may', () => {
  assert.equal(roleRefusal(COMMAND, 'operator'), '');
  assert.match(roleRefusal(COMMAND, 'viewer'), /operator and admin only; you are signed in as viewer/);
  assert.match(roleRefusal(COMMAND, 'operator', 'terminate'), /admin only/);
  assert.equal(roleRefusal(COMMAND, 'admin', 'terminate'), '');
});

test('a worker that cannot is told with its reason', () => {
  const solo = { state: 'online', cannot: ['worker.poolGrow worker.poolShrink: the solo pool cannot change its size', 'task.revoke+terminate: it cannot'] };
  assert.equal(lackOf(solo, 'worker.poolShrink'), 'The solo pool cannot change its size.');
  assert.equal(lackOf(solo, 'worker.pool'), '');
  assert.equal(lackOf(solo, 'task.revoke'), '');
  assert.equal(lackOf({ ...solo, state: 'offline' }, 'worker.ping'), 'This worker is offline.');
  assert.equal(lackOf(undefined, 'worker.ping'), 'This worker is not known.');
  assert.equal(lackOfAll([solo, { state: 'online' }], 'worker.poolGrow'), '');
  assert.equal(lackOfAll([solo, solo], 'worker.poolGrow'), 'The solo pool cannot change its size.');
});
