import assert from 'node:assert/strict';
import test from 'node:test';
import { commandTitle, purgeCeiling, refusal, restartRefusal } from '../../web/core/commands/catalog.js';
import { readJSON } from '../../web/core/commands/json-text.js';
import { priorityOf, stepOf } from '../../web/core/commands/priority.js';
import { readRunForm } from '../../web/core/commands/run-form.js';
import { decodeFrame } from '../../web/core/protocol/frames.js';
import { formatRoute, parseRoute } from '../../web/core/query/route.js';
import { readTaskFilter, whereOf, writeTaskFilter } from '../../web/core/query/task-filter.js';
import { connectionWords } from '../../web/core/state/connection-words.js';
import { DeepestFirst } from '../../web/core/state/deepest-first.js';
import { History, Series, sparklinePath } from '../../web/core/state/history.js';
import { alertsWorstFirst, completenessOf, departuresNewestFirst, gapsNewestFirst, outagesNewestFirst, PRIORITIES, prioritySteps, queueParts, runnableNames, stateCounts, workersInTrouble, workersWorstFirst } from '../../web/core/state/selectors.js';
import { Store } from '../../web/core/state/store.js';
import { seeded } from './random.js';

test('a series keeps its newest samples and no more', () => {
  const series = new Series(3);
  for (const value of [1, 2, 3, 4]) series.push(value);
  assert.deepEqual([0, 1, 2].map((index) => series.at(index)), [2, 3, 4]);
  assert.equal(series.length, 3);
  assert.deepEqual(series.range(), [2, 4]);
});

test('a hole is no number, and only holes have no range', () => {
  const series = new Series(4);
  series.push(undefined);
  assert.equal(series.range(), null);
  series.push(5);
  series.push(null);
  assert.deepEqual(series.range(), [5, 5]);
  assert.equal(Number.isNaN(series.last), true);
});

test('a history has room for its limit of series and forgets those that are all holes', () => {
  const history = new History({ series: 2, samples: 3 });
  history.sample(new Map([['a', 1], ['b', 2], ['c', 3]]));
  assert.equal(history.size, 2);
  assert.equal(history.get('c'), undefined);
  for (let tick = 0; tick < 3; tick += 1) history.sample(new Map([['a', 1]]));
  assert.equal(history.get('b'), undefined);
  history.sample(new Map([['a', 1], ['c', 3]]));
  assert.equal(history.get('c').last, 3);
});

test('a sparkline breaks at holes and ends at the right edge', () => {
  const series = new Series(10);
  for (const value of [1, 2, NaN, 4, 8]) series.push(value);
  const path = sparklinePath(series, 90, 20, { padding: 0 });
  assert.equal(path.line.match(/M/g).length, 2);
  assert.deepEqual(path.last, [90, 0]);
  assert.equal(sparklinePath(new Series(4), 90, 20).line, '');
});

test('listeners hear once per flush, of what they want', () => {
  const flushes = [];
  const store = new Store((flush) => flushes.push(flush));
  const heard = [];
  const stop = store.listen((changed) => heard.push([...changed]), ['workers']);
  store.mark('workers');
  store.mark('queues');
  store.mark('workers');
  assert.equal(flushes.length, 1);
  flushes.pop()();
  assert.deepEqual(heard, [['workers', 'queues']]);
  store.mark('queues');
  flushes.pop()();
  assert.equal(heard.length, 1);
  stop();
  store.mark('workers');
  flushes.pop()();
  assert.equal(heard.length, 1);
});

test('what a listener marks is for the next flush', () => {
  const flushes = [];
  const store = new Store((flush) => flushes.push(flush));
  let calls = 0;
  store.listen(() => { calls += 1; if (calls < 3) store.mark('again'); });
  store.mark('first');
  while (flushes.length > 0) flushes.shift()();
  assert.equal(calls, 3);
});

test('addresses survive the way there and back, whatever is in an id', () => {
  const random = seeded(3);
  const alphabet = ['a', '/', '?', '#', '%', '&', '=', ' ', 'é', '😀', '\n', '<', '"', '+', '.', '@'];
  for (let trial = 0; trial < 500; trial += 1) {
    const id = Array.from({ length: 1 + random.below(8) }, () => random.pick(alphabet)).join('');
    const value = Array.from({ length: 1 + random.below(8) }, () => random.pick(alphabet)).join('');
    const route = parseRoute(formatRoute('tasks', id, [['queue', value], ['name', '']]));
    assert.equal(route.id, id);
    assert.deepEqual([...route.query], [['queue', value]]);
  }
});

for (const [hash, page, id] of [['', 'overview', null], ['#/nope/x', 'overview', null], ['#/tasks', 'tasks', null], ['#/tasks/', 'tasks', null], ['#/tasks/%zz', 'tasks', '%zz'], ['#/__proto__', 'overview', null], ['#/queues/a%2Fb', 'queues', 'a/b']]) {
  test(`the address ${hash} is ${page} ${id}`, () => {
    const route = parseRoute(hash);
    assert.equal(route.page, page);
    assert.equal(route.id, id);
  });
}

for (const [query, where] of [
  [{}, undefined],
  [{ state: 'FAILURE' }, ['eq', 'state', 'FAILURE']],
  [{ state: 'FAILURE,RETRY,,FAILURE' }, ['in', 'state', ['FAILURE', 'RETRY']]],
  [{ state: 'RETRY', queue: 'mail', worker: 'w', name: 'n' }, ['and', ['eq', 'state', 'RETRY'], ['eq', 'name', 'n'], ['eq', 'queue', 'mail'], ['eq', 'worker', 'w']]],
]) {
  test(`the filter ${JSON.stringify(query)} becomes ${JSON.stringify(where)}`, () => {
    const filter = readTaskFilter(new Map(Object.entries(query)));
    assert.deepEqual(whereOf(filter), where);
    const again = readTaskFilter(new Map(writeTaskFilter(filter).filter(([, value]) => value !== '')));
    assert.deepEqual(again, filter);
  });
}

test('a filter out of an address has bounds', () => {
  const filter = readTaskFilter(new Map([['state', Array.from({ length: 40 }, (_, index) => `S${index}`).join(',')], ['size', '100000'], ['mode', 'x']]));
  assert.equal(filter.state.length, 16);
  assert.equal(filter.size, 50);
  assert.equal(filter.mode, 'follow');
});

test('roles decide, with the reason', () => {
  const allowed = (role) => ['task.run', 'task.revoke', 'task.terminate', 'queue.purge', 'worker.restart', 'worker.shutdown'].filter((command) => refusal(command, role) === '');
  assert.deepEqual(allowed('viewer'), []);
  assert.deepEqual(allowed('operator'), ['task.run', 'task.revoke']);
  assert.equal(allowed('admin').length, 6);
  assert.deepEqual(allowed('wall'), []);
  assert.deepEqual(allowed(undefined), []);
  assert.equal(refusal('queue.purge', 'operator'), 'Needs an admin token; you are signed in as operator.');
});

test('a restart that cannot work says which setting to change', () => {
  assert.match(restartRefusal({ poolRestarts: false }), /worker_pool_restarts = True/);
  assert.equal(restartRefusal({}), '');
  assert.equal(restartRefusal({ poolRestarts: true }), '');
});

test('a purge stops when clearly more waits than was shown', () => {
  assert.deepEqual([0, 5, 100, 1204].map(purgeCeiling), [10, 15, 110, 1325]);
});

test('a revoke that terminates is called so', () => {
  assert.equal(commandTitle({ cmd: 'task.revoke', args: '{"id":"x","terminate":true}' }), 'Terminate');
  assert.equal(commandTitle({ cmd: 'task.revoke', args: '{"id":"x"}' }), 'Revoke');
  assert.equal(commandTitle({ cmd: 'future.thing' }), 'future.thing');
});

test('urgency 10 is priority 0, urgency 1 is priority 9, and priorities fall into four steps', () => {
  assert.deepEqual([10, 7, 1].map(priorityOf), [0, 3, 9]);
  const priorities = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  assert.deepEqual(priorities.map((priority) => stepOf(priority, [0, 3, 6, 9])), [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]);
  assert.deepEqual(priorities.map((priority) => stepOf(priority, [0, 5])), [0, 0, 0, 0, 0, 5, 5, 5, 5, 5]);
  assert.deepEqual(priorities.map((priority) => stepOf(priority, [2, 4])), [2, 2, 2, 2, 4, 4, 4, 4, 4, 4], 'what is above the first step waits in it');
});

const FORM = { task: 'math.add', args: '', kwargs: '', queue: '', urgency: '', countdown: '', expires: '', softTimeLimit: '', timeLimit: '' };

test('an empty form sends only the task and empty arguments', () => {
  const { args, problems } = readRunForm(FORM);
  assert.equal(problems.size, 0);
  assert.deepEqual(args, { task: 'math.add', args: [], kwargs: {} });
});

test('a full form sends numbers as numbers', () => {
  const { args, problems } = readRunForm({ ...FORM, args: '[1]', kwargs: '{"a":2}', queue: ' mail ', urgency: '8', countdown: '0.5', expires: '60', softTimeLimit: '5', timeLimit: '10' });
  assert.equal(problems.size, 0);
  assert.deepEqual(args, { task: 'math.add', args: [1], kwargs: { a: 2 }, queue: 'mail', priority: 2, countdown: 0.5, expires: 60, softTimeLimit: 5, timeLimit: 10 });
});

for (const [change, field] of [
  [{ task: '' }, 'task'], [{ task: 'two words' }, 'task'], [{ args: '{}' }, 'args'], [{ args: '[1,' }, 'args'], [{ kwargs: '[]' }, 'kwargs'], [{ kwargs: 'null' }, 'kwargs'],
  [{ countdown: '-1' }, 'countdown'], [{ countdown: 'soon' }, 'countdown'], [{ countdown: '31622401' }, 'countdown'], [{ countdown: '60', expires: '60' }, 'expires'], [{ softTimeLimit: '9', timeLimit: '9' }, 'softTimeLimit'], [{ timeLimit: '0' }, 'timeLimit'],
]) {
  test(`the form refuses ${JSON.stringify(change)}`, () => assert.deepEqual([...readRunForm({ ...FORM, ...change }).problems.keys()], [field]));
}

test('problems of JSON are said in words', () => {
  assert.match(readJSON("['a']", 'array').problem, /double quotes/);
  assert.match(readJSON('[True]', 'array').problem, /true, false, null/);
  assert.match(readJSON('[1,\n2 3]', 'array').problem, /line 2/);
  assert.match(readJSON(`["${'x'.repeat(48_000)}"]`, 'array').problem, /Too long/);
  assert.deepEqual(readJSON('  ', 'object'), { value: {} });
});

test('rows are sorted by who needs somebody first', () => {
  const workers = [{ id: 'b', state: 'online' }, { id: 'a', state: 'online' }, { id: 'c', state: 'wedged' }, { id: 'd', state: 'offline' }, { id: 'e', state: 'new-state' }];
  assert.deepEqual(workersWorstFirst(workers).map(({ id }) => id), ['c', 'a', 'b', 'd', 'e']);
  assert.equal(workersInTrouble(workers), 1);
  assert.deepEqual(alertsWorstFirst([{ id: '1', severity: 'info' }, { id: '2', severity: 'error', since: 1 }, { id: '3', severity: 'error', since: 2 }]).map(({ id }) => id), ['3', '2', '1']);
  assert.deepEqual(gapsNewestFirst([{ id: 'gap:1', from: 1, to: 2 }, { id: 'broker' }, { id: 'gap:2', from: 5, to: 6 }, { id: 'gap:3', from: 0 }]).map(({ id }) => id), ['gap:3', 'gap:2', 'gap:1']);
  const links = [{ id: 'outage:1', from: 1, to: 2 }, { id: 'gap:4', from: 9 }, { id: 'outage:2', from: 5, to: 6 }, { id: 'outage:3', from: 0 }];
  assert.deepEqual(outagesNewestFirst(links).map(({ id }) => id), ['outage:3', 'outage:2', 'outage:1']);
  assert.deepEqual(departuresNewestFirst([{ id: 'left:1', leftAt: 1 }, { id: 'outage:2' }, { id: 'left:2', leftAt: 5 }]).map(({ id }) => id), ['left:2', 'left:1']);
});

test('what changes from second to second moves nothing', () => {
  const busy = [{ id: 'b', state: 'busy' }, { id: 'a', state: 'online' }];
  assert.deepEqual(workersWorstFirst(busy).map(({ id }) => id), ['a', 'b']);
  const deepest = new DeepestFirst();
  const ids = (...depths) => deepest.order(depths.map((depth, index) => ({ id: 'abc'[index], depth }))).map(({ id }) => id).join('');
  assert.equal(ids(0, 9, 3), 'abc');
  assert.equal(ids(0, 10, 9), 'bac');
  assert.equal(ids(0, 9, 9), 'bac', 'what went one below its digit stays');
  assert.equal(ids(0, 5, 9), 'bac');
  assert.equal(ids(0, 4, 9), 'abc', 'below half it falls');
  assert.equal(ids(99, 10, 100), 'cab');
  assert.equal(ids(5, 49, 49), 'abc', 'each falls by itself, as far as its load says');
  assert.equal(ids(0, 0), 'ab');
  assert.equal(ids(0, 0, 9), 'abc', 'one that was gone has no place of old');
});

test('counts of states keep names like __proto__', () => {
  const counts = stateCounts([{ id: 'state:__proto__', state: '__proto__', count: 2 }, { id: 'state:SUCCESS', state: 'SUCCESS', count: 5 }, { id: 'fleet' }]);
  assert.deepEqual([...counts], [['SUCCESS', 5], ['__proto__', 2]]);
});

test('names that can be run come from the workers first, each once', () => {
  assert.deepEqual(runnableNames([{ registered: ['b', 'a'] }, {}], [{ id: 'name:a', name: 'a', count: 1 }, { id: 'name:c', name: 'c', count: 1 }, { id: 'name:*other*', name: '*other*' }]), ['a', 'b', 'c']);
});

test('the parts of a queue are its steps, or its depth when the steps are not known', () => {
  assert.deepEqual(queueParts({ steps: [1, 0, 2, 3], unacked: 4, depth: 6 }).map(({ value }) => value), [1, 0, 2, 3, 4]);
  const five = queueParts({ steps: [1, 2, 3, 4, 5], priorities: [0, 2, 4, 6, 8], depth: 15 });
  assert.deepEqual(five.map(({ value }) => value), [1, 2, 3, 4, 5, 0]);
  assert.deepEqual(five.map(({ kind }) => kind), ['step-0', 'step-1', 'step-2', 'step-3', 'step-3', 'unacked']);
  assert.equal(five[4].label, 'priority step 8');
  assert.deepEqual(prioritySteps([]), PRIORITIES);
  assert.deepEqual(prioritySteps([{ id: 'a' }]), PRIORITIES);
  assert.deepEqual(prioritySteps([{ id: 'a', priorities: [0, 5] }, { id: 'b', priorities: [0, 5] }]), [0, 5]);
  assert.deepEqual(prioritySteps([{ id: 'a', priorities: ['x', null] }]), PRIORITIES);
  assert.deepEqual(queueParts({ depth: 6 }).map(({ value }) => value), [6, 0, 0, 0, 0]);
  assert.deepEqual(queueParts({ steps: [NaN, -1, 'x', null] }).map(({ value }) => value), [0, 0, 0, 0, 0]);
});

test('the connection is said in words', () => {
  const machine = { state: 'live', why: '', retryAt: Infinity, lostAt: null, everLive: true };
  assert.equal(connectionWords(machine, 0, false).word, 'Live');
  assert.equal(connectionWords(machine, 0, true).word, 'Stale');
  assert.match(connectionWords({ ...machine, state: 'waiting', why: 'the connection was lost', retryAt: 4_200 }, 1_000, false).detail, /^The connection was lost\. Next try in 4 s\.$/);
  assert.equal(connectionWords({ ...machine, state: 'stopped', why: 'x' }, 0, false).word, 'Stopped');
  assert.equal(connectionWords({ ...machine, state: 'connecting', everLive: false }, 0, false).word, 'Connecting');
});

for (const [frame, kind] of [
  ['{"jsonrpc":"2.0","method":"a","params":{}}', 'notification'], ['{"jsonrpc":"2.0","id":1,"result":{"a":1}}', 'result'], ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', 'error'],
  ['{"jsonrpc":"2.0","id":null,"error":{}}', 'error'], ['{"jsonrpc":"2.0","method":3}', 'invalid'], ['{"jsonrpc":"2.0","method":"a","params":[]}', 'invalid'], ['{"jsonrpc":"2.0"}', 'invalid'], ['1', 'invalid'], ['{', 'invalid'],
]) {
  test(`the frame ${frame} is ${kind}`, () => assert.equal(decodeFrame(frame).kind, kind));
}

test('completeness is unknown while a gap is open, whatever was measured before', () => {
  const measured = { id: 'completeness', overall: 0.5 };
  assert.equal(completenessOf([measured], { completeness: 0.9 }), 0.5);
  assert.equal(completenessOf([], { completeness: 0.9 }), 0.9);
  assert.equal(completenessOf([]), undefined);
  assert.equal(completenessOf([measured, { id: 'gap:1', from: 1, to: 2 }]), 0.5);
  assert.equal(completenessOf([measured, { id: 'gap:1', from: 1 }], { completeness: 0.9 }), undefined);
});
