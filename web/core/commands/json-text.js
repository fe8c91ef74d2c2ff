/** JSON that a person types: read, or refused with words that name the place. */
import { Limits } from '../limits.js';

/**
 * @param {string} text
 * @param {'array' | 'object'} shape
 * @returns {{value: any} | {problem: string}} nothing typed is the empty one
 */
export function readJSON(text, shape) {
  const source = text.trim();
  if (source === '') return { value: shape === 'array' ? [] : {} };
  if (source.length > Limits.argumentCharacters) return { problem: 'Too long: at most 48,000 characters.' };
  let value;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { problem: jsonProblem(source, error) };
  }
  if (shape === 'array' && !Array.isArray(value)) return { problem: 'This is a JSON array: [1, "two"]' };
  if (shape === 'object' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return { problem: 'This is a JSON object: {"to": "ada"}' };
  }
  return { value };
}

/** Names the place, which browsers phrase differently or leave out. */
function jsonProblem(source, error) {
  if (/^[[{(].*'/s.test(source)) return 'JSON wants double quotes: "two", not \'two\'.';
  if (/\b(True|False|None)\b/.test(source)) return 'JSON writes true, false, null.';
  const position = /position (\d+)/.exec(String(error?.message));
  if (position === null) return 'This is not JSON yet.';
  const before = source.slice(0, Number(position[1]));
  const lineNumber = before.split('\n').length;
  return lineNumber === 1 ? `Not JSON at character ${before.length + 1}.` : `Not JSON on line ${lineNumber}.`;
}
