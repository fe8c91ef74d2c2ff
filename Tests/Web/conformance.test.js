/** P8: the page's client against a scripted gateway that sends every legal sequence, and what no gateway may send. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Bench } from './bench.js';

const script = JSON.parse(readFileSync(new URL('../Fixtures/conformance/topics.json', import.meta.url), 'utf8'));

/** What the client holds, as the script writes it: handle -> fields. */
function held(bench) {
  return Object.fromEntries([...bench.client.topics.get('workers').snapshot()].map(([handle, row]) => {
    const { h: _, ...fields } = row;
    return [String(handle), fields];
  }));
}

/** A frame as text, with the number that the client chose in place of the script's 1. */
function text(frame, sub) {
  if (Object.hasOwn(frame, 'text')) return frame.text;
  const copy = structuredClone(frame);
  for (const part of [copy].flat()) if (part.params?.sub === 1) part.params.sub = sub;
  return JSON.stringify(copy);
}

async function play(bench, frames) {
  const { sub } = bench.last('sub.open').params;
  for (const frame of frames) {
    bench.socket.handlers.message(text(frame, sub));
    await bench.settle();
  }
}

async function started() {
  const bench = new Bench();
  bench.client.begin();
  await bench.connect('k3V9');
  await bench.answer('sub.open', { sub: 1, mode: 'snapshot', reason: 'initial' });
  await play(bench, script.start);
  return bench;
}

for (const { name, frames, rows } of script.legal) {
  test(`legal: ${name}`, async () => {
    const bench = await started();

    await play(bench, frames);

    assert.deepEqual(held(bench), rows);
    assert.equal(bench.client.invalidFrames, 0);
    assert.equal(bench.client.topics.get('workers').anomalies, 0);
    assert.equal(bench.last('sub.resync'), undefined);
    assert.equal({}.state, undefined, 'no row became a property of all objects');
  });
}

for (const { name, frames } of script.illegal) {
  test(`illegal: ${name}`, async () => {
    const bench = await started();

    await play(bench, frames);
    for (const fields of Object.values(held(bench))) {
      for (const value of Object.values(fields)) assert.ok(value === null || typeof value !== 'object' || Array.isArray(value), `a row holds ${JSON.stringify(value)}`);
    }
    assert.equal(bench.client.isLive, true);
    await play(bench, script.end);

    assert.deepEqual(held(bench), script.truth);
    assert.equal(bench.client.topics.get('workers').revision, 900);
  });
}
