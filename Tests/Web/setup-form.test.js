import assert from 'node:assert/strict';
import test from 'node:test';
import { setupProblems } from '../../web/core/commands/setup-form.js';

const right = { name: 'ada', password: 'correct horse', again: 'correct horse' };
const problems = (changes) => Object.keys(setupProblems({ ...right, ...changes })).sort();
const both = (password) => ({ password, again: password });

test('a name and the same password twice are all that is asked for', () => {
  assert.deepEqual(setupProblems(right), {});
});

test('bytes are counted as the gateway counts them: at the bound it is right, one beyond it is wrong', () => {
  for (const [changes, wrong] of [
    [{ name: 'x'.repeat(128) }, []], [{ name: 'x'.repeat(129) }, ['name']], [{ name: ' ' }, ['name']], [{ name: 'é'.repeat(65) }, ['name']],
    [both('x'.repeat(8)), []], [both('x'.repeat(7)), ['password']], [both('x'.repeat(256)), []], [both('x'.repeat(257)), ['password']],
  ]) assert.deepEqual(problems(changes), wrong, JSON.stringify(changes));
});

test('two passwords that differ, one that is missing, and the name again are said', () => {
  assert.deepEqual(problems({ again: 'correct horsf' }), ['again']);
  assert.deepEqual(problems({ again: '' }), ['again']);
  assert.deepEqual(problems(both('')), ['password']);
  assert.deepEqual(problems({ name: 'CorrectHorse', ...both('correcthorse') }), ['password']);
  assert.match(setupProblems({ ...right, ...both('short') }).password, /At least 8 characters; this one has 5/);
});
