/** A search in parts: asked for until the page is full, and forgotten when another one begins. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { SearchResults } from '../../web/core/link/search-results.js';
import { isFiltered, readTaskFilter, searchOf, writeTaskFilter } from '../../web/core/query/task-filter.js';

const QUERY = { topic: 'tasks', where: ['contains', '*', 'x'], order: ['seen', 'desc'], limit: 3, after: null };
const page = (ids, next, partial = false) => ({ cols: ['h', 'id', 'name'], rows: ids.map((id, index) => [index, id, null]), next, looked: 100, ...(partial ? { partial: true } : {}) });

function clientOf(answers) {
  const asked = [];
  return { asked, request: (method, params) => { asked.push([method, params.after, params.limit]); const answer = answers.shift(); return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer); } };
}

test('parts are asked for until the page is full', async () => {
  const client = clientOf([page(['a'], 'c1', true), page([], 'c2', true), page(['b', 'c'], 'c3')]);
  let changes = 0;
  const search = new SearchResults(client, () => { changes += 1; });

  await search.change(QUERY);

  assert.deepEqual(client.asked, [['query', null, 3], ['query', 'c1', 2], ['query', 'c2', 2]]);
  assert.deepEqual(search.state.list(), [{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  assert.equal(search.state.next, 'c3');
  assert.equal(search.looked, 300);
  assert.ok(search.state.complete && changes >= 4);
});

test('a search that found nothing ends when everything was looked at', async () => {
  const search = new SearchResults(clientOf([page([], null)]), () => {});
  await search.change(QUERY);
  assert.deepEqual([search.state.complete, search.state.list().length, search.state.next], [true, 0, null]);
});

test('a refusal is kept to be shown', async () => {
  const search = new SearchResults(clientOf([Object.assign(new Error('no'), { code: 1005 })]), () => {});
  await search.change(QUERY);
  assert.equal(search.error.code, 1005);
  assert.equal(search.state.complete, true);
});

test('the answer to an earlier search is dropped', async () => {
  let answer;
  const client = { request: (_, { where }) => (where[2] === 'old' ? new Promise((resolve) => { answer = resolve; }) : Promise.resolve(page(['new'], null))) };
  const search = new SearchResults(client, () => {});
  const first = search.change({ ...QUERY, where: ['contains', '*', 'old'] });
  await search.change(QUERY);
  answer(page(['old'], null));
  await first;
  assert.deepEqual(search.state.list(), [{ id: 'new' }]);
});

test('the text stands in the address and joins the filter', () => {
  const filter = readTaskFilter(new Map([['find', 'order 4711'], ['queue', 'mail']]));
  assert.deepEqual(searchOf(filter), ['and', ['eq', 'queue', 'mail'], ['contains', '*', 'order 4711']]);
  assert.deepEqual(searchOf(readTaskFilter(new Map([['find', 'x']]))), ['contains', '*', 'x']);
  assert.equal(writeTaskFilter(filter)[0][1], 'order 4711');
  assert.ok(isFiltered(filter));
  assert.equal(readTaskFilter(new Map([['find', 'x'.repeat(251)]])).text.length, 250);
});
