/**
 * Text from the wire is hostile: it is only ever put into text nodes, and here it is made harmless for reading:
 * bounded, control characters shown, and the marks that turn the direction of the line made visible, so that
 * `gpj.exe` cannot pose as something else.
 */
import { Limits } from '../limits.js';

// The range is spelled with escapes on purpose: C0 and C1 controls but newline and tab, bidi controls, line separators.
// oxlint-disable-next-line no-control-regex -- showing control characters is what this is for
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** One line: newlines and tabs become visible too. */
export function line(value, limit = 512) {
  return clip(text(value, limit + 1).replace(/\n/g, '⏎').replace(/\t/g, '⇥'), limit);
}

/** Several lines. */
export function text(value, limit = Limits.textCharacters) {
  if (value === undefined || value === null) return '';
  const raw = typeof value === 'string' ? value : JSON.stringify(value);
  return clip(raw.slice(0, limit + 1).replace(UNSAFE, visible), limit);
}

/** First eight characters of an id, enough to tell rows apart by eye. */
export function shortId(id) {
  return line(id, 512).slice(0, 8);
}

function clip(value, limit) {
  return value.length > limit ? `${value.slice(0, limit)}…` : value;
}

function visible(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
