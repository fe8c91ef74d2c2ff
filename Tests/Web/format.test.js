import assert from 'node:assert/strict';
import test from 'node:test';
import { plainEvidence } from '../../web/core/format/evidence.js';
import { bytes, compact, count, percent, plural, rate } from '../../web/core/format/number.js';
import { parsePythonLiteral } from '../../web/core/format/python-literal.js';
import { commandStatus, queueStatus, taskEnded, taskStatus, workerStatus } from '../../web/core/format/states.js';
import { line, text } from '../../web/core/format/text.js';
import { age, ago, appointment, duration, exact, isTime, moment } from '../../web/core/format/time.js';
import { Limits } from '../../web/core/limits.js';

const table = (name, fn, rows) => {
  for (const [input, expected] of rows) test(`${name} of ${String(input)} is ${expected}`, () => assert.equal(fn(input), expected));
};

table('count', count, [[0, '0'], [1234567, '1,234,567'], [undefined, '–'], [NaN, '–'], [Infinity, '–']]);
table('compact', compact, [[99_999, '99,999'], [100_000, '100k'], [4_560_000, '4.6M'], [12_000_000_000, '12G'], [-250_000, '-250k']]);
table('rate', rate, [[0, '0'], [0.04, '0.0'], [8.26, '8.3'], [57.4, '57'], [undefined, '–']]);
table('percent', percent, [[1, '100'], [0.9996, '99.9'], [0.99999, '99.9'], [0.5, '50.0'], [0.0001, '0.1'], [0, '0'], [undefined, '–']]);
table('bytes', bytes, [[812, '812 B'], [1536, '1.5 KiB'], [734_003_200, '700 MiB'], [5e15, '4,547 TiB'], [undefined, '–']]);
table('duration', duration, [
  [0, '0 ms'], [0.0042, '4.2 ms'], [0.85, '850 ms'], [0.9996, '1.0 s'], [4.24, '4.2 s'], [9.97, '10 s'], [48.4, '48 s'], [59.6, '1 m 00 s'], [200, '3 m 20 s'],
  [7500, '2 h 05 m'], [273_600, '3 d 4 h'], [-0.02, '−20 ms'], [undefined, '–'], [Infinity, '–'],
]);
table('age', age, [[0, 'now'], [1.4, 'now'], [4.2, '4.0 s ago'], [130, '2 m 10 s ago']]);

test('an appointment is told to the minute, with its day if that is not today', () => {
  const at = new Date(2030, 4, 6, 8, 5, 30).getTime() / 1000;
  assert.equal(appointment(at, at - 60), '08:05');
  assert.match(appointment(at, at - 86_400), /^0?6 May,? 08:05$/);
  assert.equal(appointment(NaN, at), '–');
});

test('relative times look both ways', () => {
  assert.equal(ago(1000, 1000.5), 'now');
  assert.equal(ago(1000, 1042), '42 s ago');
  assert.equal(ago(1000, 1000 + 7300), '2 h ago');
  assert.equal(ago(1100, 1000), 'in 1 m');
});

test('a forged time is a dash and throws nothing', () => {
  for (const forged of [253_402_300_799_000, -5, 0, NaN, '2020', null, undefined, 1e308]) {
    assert.equal(isTime(forged), false);
    assert.equal(exact(forged), '–');
    assert.equal(moment(forged, 1_700_000_000), '–');
    assert.equal(ago(forged, 1_700_000_000), '–');
  }
});

test('one and many', () => {
  assert.equal(plural(1, 'task'), '1 task');
  assert.equal(plural(0, 'task'), '0 tasks');
  assert.equal(plural(2, 'task is', 'tasks are'), '2 tasks are');
});

test('text from the wire cannot turn the line round, ring or grow without bound', () => {
  assert.equal(line('gpj\u202eexe.\u0007'), 'gpj\\u202eexe.␇');
  assert.equal(line('a\nb\tc'), 'a⏎b⇥c');
  assert.equal(text('a\nb'), 'a\nb');
  assert.equal(text('x'.repeat(Limits.textCharacters)).length, Limits.textCharacters);
  assert.equal(text('x'.repeat(Limits.textCharacters + 1)).length, Limits.textCharacters + 1);
  assert.ok(text('x'.repeat(10_000_000)).length <= Limits.textCharacters + 1);
  assert.equal(text(undefined), '');
  assert.equal(text(['a', 1]), '["a",1]');
});

test('every state has a kind and a word, also those nobody has heard of', () => {
  assert.deepEqual({ ...taskStatus('FAILURE') }, { kind: 'failed', word: 'Failure' });
  assert.deepEqual(taskStatus('UPLOADING'), { kind: 'running', word: 'UPLOADING' });
  assert.deepEqual(taskStatus(undefined), { kind: 'unknown', word: 'Unknown' });
  assert.equal(taskStatus('__proto__').word, '__proto__');
  assert.equal(workerStatus('wedged').kind, 'failed');
  assert.equal(queueStatus('unconsumed').kind, 'warning');
  assert.equal(commandStatus('partial').kind, 'warning');
  assert.equal(commandStatus('constructor').kind, 'unknown');
  assert.deepEqual(['SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED', 'LOST', 'STARTED', 'RETRY'].map(taskEnded), [true, true, true, true, true, false, false]);
});

for (const [source, expected] of [
  ["(1, 'two', None, True)", [1, 'two', null, true]],
  ['(5,)', [5]], ['()', []], ['(5)', 5], ['{}', {}],
  ["{'a': [1, 2.5, -3e2], \"b\": {'c': False}}", { a: [1, 2.5, -300], b: { c: false } }],
  ["'it\\'s \\x41 \\u00e9 \\U0001F600\\n'", "it's A é 😀\n"],
  ["[1, 2, ]", [1, 2]],
]) {
  test(`the repr ${source} is plain data`, () => assert.deepEqual(parsePythonLiteral(source)?.value, expected));
}

for (const source of ["(1, 'tw...", "{'password': ********}", '<object at 0x7f>', "{'a': 1, ...}", '[1 2]', "{1: 2}", '9007199254740993', 'nan', "b'bytes'", '1_000', "'\\q'", "'\\U00110000'", `${'['.repeat(20)}${']'.repeat(20)}`, `'${'x'.repeat(20_000)}'`, '', null, 7, "datetime.date(2020, 1, 1)", '__import__("os")']) {
  test(`the repr ${String(source).slice(0, 30)} is not plain data`, () => assert.equal(parsePythonLiteral(source), null));
}

test('a dictionary key __proto__ stays a key', () => {
  const { value } = parsePythonLiteral("{'__proto__': {'x': 1}}");
  assert.equal(Object.hasOwn(value, '__proto__'), true);
  assert.equal({}.x, undefined);
});

table('plain evidence', (sentence) => plainEvidence(sentence, Date.parse('2026-11-28T10:00:00Z') / 1000), [
  ['a@h: active_queues shows mail', 'a@h takes from mail'],
  ['a@h: active_queues does not show mail: fast', 'a@h takes nothing from mail: fast'],
  ['a@h: registered shows rate limit 100/m', 'a@h has the rate limit 100/m'],
  ['a@h: registered shows no rate limit', 'a@h has no rate limit'],
  ['a@h: registered shows soft limit 40.0 s, hard limit none', 'a@h has the soft limit 40.0 s, hard limit none'],
  ['a@h: stats show the autoscaler at 1 to 4', 'a@h scales itself between 1 and 4'],
  ['a@h: stats show 3 pool slots, 2 before', 'a@h has 3 pool slots now, 2 before'],
  ['broker: handed to 1 listener', 'sent to 1 worker'],
  ['broker: 4 messages removed (priority 0: 4)', 'in the broker: 4 messages removed (priority 0: 4)'],
  ['nothing is left in trash abc', 'nothing is left in the trash'],
  ['3 are left in trash abc', '3 are left in the trash'],
  ['trash abc: queue.restore puts it back until never', 'can be put back until –'],
  ['a@h: pong', 'a@h: pong'],
  [7, '7'],
]);

test('until when a purge can be undone is said as on a clock', () => {
  const now = Date.parse('2026-11-28T10:00:00Z') / 1000;
  assert.equal(plainEvidence('trash abc: queue.restore puts it back until 2026-11-28T12:30:00Z', now), `can be put back until ${appointment(now + 9000, now)}`);
});
