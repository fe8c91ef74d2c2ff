/** Every command that the gateway declares can be given from the pages, with every argument. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS, QUESTIONS } from '../../web/core/commands/catalog.js';
import { fieldsOf } from '../../web/core/commands/declared.js';
import { readPauseForm } from '../../web/core/commands/pause-form.js';
import { readRestoreForm } from '../../web/core/commands/restore-form.js';
import { readRunForm, readSeveralForm } from '../../web/core/commands/run-form.js';
import { OFFERS } from '../../web/elements/offers.js';

/** docs/commands.md is made from the declarations, and a test of the gateway compares the two. */
const page = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
const declared = new Map(page.split(/^## /m).slice(1).map((section) => {
  const name = /^`([^`]+)`/.exec(section)[1];
  const roles = /^For ([a-z, ]+);/m.exec(section)[1].split(', ');
  const parameters = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, parameter]) => parameter);
  return [name, { roles, parameters }];
}));

test('the page of commands is read as it is meant', () => {
  assert.ok(declared.size >= 22);
  assert.deepEqual(declared.get('worker.poolGrow'), { roles: ['admin'], parameters: ['n', 'workers', 'all'] });
});

test('every declared command is offered, and no other', () => {
  assert.deepEqual([...OFFERS.keys()].sort(), [...declared.keys()].sort());
});

test('no two offers read alike', () => {
  const words = [...OFFERS.values()].map((offer) => offer.words);
  assert.equal(new Set(words).size, words.length);
});

for (const [name, { roles }] of declared) {
  test(`${name} is offered to those who may give it`, () => {
    assert.equal(COMMANDS.get(name)?.role, roles.includes('operator') ? 'operator' : 'admin');
    assert.notEqual(COMMANDS.get(name).verb, '');
  });
}

test('every question is a command', () => {
  for (const name of QUESTIONS) assert.ok(declared.has(name), name);
});

const OPTIONS = { countdown: '1', expires: '60', softTimeLimit: '5', timeLimit: '9', headers: '{"a":1}', ignoreResult: 'true' };
const RUN = { task: 'a.b', args: '[1]', kwargs: '{"b":2}', queue: '', urgency: '7', exchange: 'x', routingKey: 'r', shadow: 's', chain: [{ task: 'c' }], link: [{ task: 'd' }], linkError: [{ task: 'e' }], ...OPTIONS };

test('the run dialog has a field for every argument of task.run', () => {
  const forms = [RUN, { ...RUN, exchange: '', routingKey: '', queue: 'q', countdown: '', expires: '', eta: '2030-01-02T03:04', expiresAt: '2030-01-02T03:05' }];
  const read = forms.map(readRunForm);
  for (const { problems } of read) assert.deepEqual([...problems], []);
  assert.deepEqual([...new Set(read.flatMap(({ args }) => Object.keys(args)))].sort(), [...declared.get('task.run').parameters].sort());
});

for (const [name, body] of [['task.group', null], ['task.chord', { task: 'z' }]]) {
  test(`the dialog for several tasks has a field for every argument of ${name}`, () => {
    const forms = [{ tasks: [{ task: 'a' }], body, queue: 'q', ...OPTIONS }, { tasks: [{ task: 'a' }], body, queue: '', eta: '2030-01-02T03:04' }];
    const read = forms.map(readSeveralForm);
    for (const { command, problems } of read) assert.deepEqual([command, ...problems], [name]);
    assert.deepEqual([...new Set(read.flatMap(({ args }) => Object.keys(args)))].sort(), [...declared.get(name).parameters].sort());
  });
}

test('the dialog to restore has a field for every argument of queue.restore', () => {
  const read = [{ which: 'all' }, { which: 'first', count: '1' }, { which: 'some', ids: ['a'] }].map((form) => readRestoreForm({ count: '', ids: [], ...form }, 9));
  assert.deepEqual(['trash', ...read.flatMap(({ args }) => Object.keys(args))].sort(), [...declared.get('queue.restore').parameters].sort());
});

test('the dialog to pause has a field for every argument of queue.pause', () => {
  const now = new Date(2030, 0, 1);
  const read = [{ until: '300', reason: 'r' }, { until: 'at', at: '2030-02-01T00:00' }].map((form) => readPauseForm({ at: '', reason: '', ...form }, now));
  assert.deepEqual(['queue', ...read.flatMap(({ args }) => Object.keys(args))].sort(), [...declared.get('queue.pause').parameters].sort());
});

test('a form for a command without a page of its own asks for its targets', () => {
  const command = { parameters: [{ name: 'ids', kind: 'texts', required: false }, { name: 'workers', kind: 'texts', required: false }, { name: 'all', kind: 'flag', required: false }] };
  assert.deepEqual(fieldsOf(command).map(({ name }) => name), []);
  assert.deepEqual(fieldsOf(command, ['ids', 'workers']).map(({ name, required }) => [name, required]), [['ids', true], ['workers', false]]);
});
