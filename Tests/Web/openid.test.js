/** What the gateway says of a sign-in that did not work has a sentence each. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('each word of the gateway has a sentence, and there are no others', () => {
  const declared = [...read('Sources/Gateway/OpenID/OpenIDRefusal.swift').matchAll(/^ {8}case (\w+)$/gm)].map(([, name]) => name);
  const known = [...read('web/platform/openid.js').matchAll(/^ {2}\['(\w+)', '[^']+'\],$/gm)].map(([, name]) => name);
  assert.ok(declared.length > 0);
  assert.deepEqual(known, declared);
});
