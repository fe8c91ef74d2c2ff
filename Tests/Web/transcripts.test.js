/**
 * The page's tables replay the golden transcripts that the gateway's own tests record
 * (`Tests/Fixtures/transcripts`): at the end they hold what the gateway holds, and exactly what every other client
 * holds (`Tests/Integration/test_transcripts.py`, `LoadToolTests/TranscriptTests`).
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { TopicState } from '../../web/core/feed/topic-state.js';
import { WindowState } from '../../web/core/feed/window-state.js';

const folder = new URL('../Fixtures/transcripts/', import.meta.url);

/** Applies one transcript's frames; gives the table of each subscription and the requests that opened it. */
function replay(frames) {
  const tables = new Map();
  for (const { client, server } of frames) {
    const { method, params } = client ?? server ?? {};
    if (method === 'sub.open') {
      const known = tables.get(params.sub);
      tables.set(params.sub, { opened: params, state: params.since && known ? known.state : new TopicState() });
    } else if (method === 'view.open') {
      tables.set(params.sub, { opened: params, state: new WindowState(params.mode ?? 'pinned') });
    } else if (server && params?.sub !== undefined) {
      const { state } = tables.get(params.sub);
      if (method.endsWith('.snap')) assert.notEqual(state.applySnapshot(params), 'resync', method);
      else if (method.endsWith('.delta')) assert.equal(state.applyDelta(params), 'applied', method);
      else if (method === 'sub.reset') state.applyReset(params);
    }
  }
  return tables;
}

/** What a client holds, as the transcripts write it. */
function held(topic, state) {
  if (state instanceof WindowState) {
    const rows = Object.fromEntries(state.order.map((handle) => [handle, withoutHandle(state.row(handle))]));
    const left = state.order.filter((handle) => state.hasLeft(handle)).toSorted((a, b) => a - b);
    const total = state.totalIsApproximate ? { approx: state.total } : state.total;
    return { topic, rev: state.revision, rows, order: state.order, left, total, before: state.before, next: state.next };
  }
  const rows = Object.fromEntries([...state.snapshot()].map(([handle, row]) => [handle, withoutHandle(row)]));
  return { topic, rev: state.revision, rows };
}

const plain = (row) => (row === undefined ? undefined : { ...row });
const withoutHandle = ({ h, ...row }) => row;

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json')).toSorted()) {
  test(`the page holds what the gateway holds after ${name}`, () => {
    const transcript = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

    const tables = replay(transcript.frames);

    assert.ok(tables.size > 0);
    for (const { opened, state } of tables.values()) {
      assert.equal(state.anomalies, 0);
      const all = transcript.rows[opened.topic];
      if (state instanceof WindowState) {
        const kept = new Map(all.map((row) => [row.h, row]));
        assert.ok(state.order.length > 0);
        for (const handle of state.order) {
          if (state.hasLeft(handle)) continue;
          assert.deepEqual(plain(state.row(handle)), withoutHandle(kept.get(handle)));
        }
      } else if (opened.where === undefined) {
        const rows = [...state.snapshot()].map(([h, row]) => ({ h, ...row }));
        assert.deepEqual(rows.toSorted((a, b) => a.h - b.h), all.toSorted((a, b) => a.h - b.h));
      } else {
        const [, field, values] = opened.where;
        const ids = [...state.rows].map(({ id }) => id).toSorted();
        assert.deepEqual(ids, all.filter((row) => values.includes(row[field])).map(({ id }) => id).toSorted());
      }
    }
  });
}

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json')).toSorted()) {
  test(`the page holds what every client holds after ${name}`, () => {
    const transcript = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

    const tables = [...replay(transcript.frames)].map(([sub, { opened, state }]) => [sub, held(opened.topic, state)]);

    assert.deepEqual(Object.fromEntries(tables), transcript.holds);
  });
}
