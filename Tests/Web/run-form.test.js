import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Limits } from '../../web/core/limits.js';
import { readFields } from '../../web/core/commands/declared.js';
import { priorityWords } from '../../web/core/commands/priority.js';
import { readRunForm, readSeveralForm } from '../../web/core/commands/run-form.js';
import { readSignature, readSignatures } from '../../web/core/commands/signature-form.js';

const FORM = { task: 'math.add', args: '', kwargs: '', queue: '', urgency: '', countdown: '', expires: '', softTimeLimit: '', timeLimit: '' };
const problemsOf = (change) => [...readRunForm({ ...FORM, ...change }).problems.keys()];

for (const [change, field] of [
  [{ queue: 'q', exchange: 'x' }, 'exchange'], [{ routingKey: 'r' }, 'routingKey'], [{ shadow: 'x'.repeat(256) }, 'shadow'], [{ headers: '[]' }, 'headers'], [{ headers: '{' }, 'headers'],
  [{ countdown: '1', eta: '2030-01-01T00:00' }, 'eta'], [{ expires: '9', expiresAt: '2030-01-01T00:00' }, 'expiresAt'], [{ eta: '2030-01-01T00:00', expiresAt: '2029-01-01T00:00' }, 'expiresAt'],
  [{ chain: [{ task: '' }] }, 'chain.0.task'], [{ link: [{ task: 'a' }, { task: 'b', args: '{}' }] }, 'link.1.args'], [{ linkError: [{ task: 'a b' }] }, 'linkError.0.task'],
]) {
  test(`the run form refuses ${JSON.stringify(change).slice(0, 80)}`, () => assert.deepEqual(problemsOf(change), [field]));
}

for (const change of [{ shadow: 'x'.repeat(255) }, { exchange: 'x', routingKey: 'r' }, { countdown: '31622400' }, { softTimeLimit: '0.001' }, { timeLimit: '31536000' }]) {
  test(`the run form takes ${JSON.stringify(change).slice(0, 60)}`, () => assert.deepEqual(problemsOf(change), []));
}

test('what is left open is not sent, and what follows is', () => {
  const { args } = readRunForm({ ...FORM, ignoreResult: '', chain: [{ task: 'b', args: '[1]', kwargs: '', queue: ' q ', urgency: '10', immutable: 'true' }], link: [], linkError: [] });
  assert.deepEqual(args, { task: 'math.add', args: [], kwargs: {}, chain: [{ task: 'b', args: [1], queue: 'q', priority: 0, immutable: true }] });
});

test('a step that is told nothing is its task alone', () => {
  assert.deepEqual(readSignature({ task: ' a ', args: '', kwargs: '', queue: '', immutable: 'false' }).value, { task: 'a' });
});

test('a list of tasks ends at its bound', () => {
  const rows = (n) => Array.from({ length: n }, () => ({ task: 'a' }));
  assert.deepEqual([...readSignatures(rows(Limits.signatures)).problems], []);
  assert.deepEqual([...readSignatures(rows(Limits.signatures + 1)).problems.keys()], ['']);
  assert.deepEqual([...readSignatures([], 1).problems.keys()], ['']);
});

test('a group has no body, a chord one', () => {
  assert.deepEqual(readSeveralForm({ tasks: [{ task: 'a' }], body: null }).args, { tasks: [{ task: 'a' }] });
  assert.deepEqual([...readSeveralForm({ tasks: [], body: { task: '' } }).problems.keys()], ['tasks', 'body.0.task']);
});

test('an urgency is explained with the priority and step it becomes', () => {
  assert.match(priorityWords(4, [0, 3, 6, 9]), /Urgency 6 is Celery priority 4 .* step 3/);
});

const DECLARED = { name: 'x', parameters: [{ name: 'tasks', kind: 'signatures', min: 1, max: 2, required: true }, { name: 'body', kind: 'signature', required: false }, { name: 'expires', kind: 'moment', min: 0, max: 10, required: false }] };
const read = (texts) => {
  const { args, problems } = readFields(DECLARED, new Map(Object.entries(texts)));
  return problems.size > 0 ? [...problems.keys()] : args;
};

test('a declared list of tasks is an array of objects that name a task', () => {
  assert.deepEqual(read({ tasks: '[{"task":"a"},{"task":"b"}]', body: '{"task":"c"}' }), { tasks: [{ task: 'a' }, { task: 'b' }], body: { task: 'c' } });
  for (const bad of ['[]', '{}', '[1]', '[{"task":""}]', '[{"task":"a"},{"task":"b"},{"task":"c"}]']) assert.deepEqual(read({ tasks: bad }), ['tasks'], bad);
});

test('a declared moment is seconds from now, or a time that is sent with its zone', () => {
  assert.equal(read({ tasks: '[{"task":"a"}]', expires: '10' }).expires, 10);
  assert.equal(read({ tasks: '[{"task":"a"}]', expires: '2030-01-02T03:04' }).expires, new Date(2030, 0, 2, 3, 4).toISOString());
  for (const bad of ['11', '-1', 'soon']) assert.deepEqual(read({ tasks: '[{"task":"a"}]', expires: bad }), ['expires'], bad);
});
