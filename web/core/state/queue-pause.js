/** A queue's pause in words: who, why, until when, and who does not keep to it. */
import { plural } from '../format/number.js';
import { line } from '../format/text.js';
import { ago, appointment, duration, isTime } from '../format/time.js';
import { arrayOf } from './selectors.js';

/** @param {object | undefined} queue */
export function isPaused(queue) {
  return isTime(queue?.pausedAt) || queue?.state === 'paused';
}

/**
 * @param {object} queue
 * @param {number} now unix seconds
 * @returns {{by: string, reason: string, until: string}}
 */
export function pauseWords(queue, now) {
  const by = typeof queue.pausedBy === 'string' ? ` by ${line(queue.pausedBy, 80)}` : '';
  const at = isTime(queue.pausedAt) ? `, ${ago(queue.pausedAt, now)}` : '';
  return {
    by: `Paused${by}${at}.`,
    reason: typeof queue.pauseReason === 'string' ? line(queue.pauseReason, 300) : '',
    until: isTime(queue.resumeAt) ? `It resumes by itself at ${appointment(queue.resumeAt, now)}, in ${duration(Math.max(0, Math.round(queue.resumeAt - now)))}.` : 'It stays paused until somebody resumes it.',
  };
}

/**
 * What is so against what should be.
 * @param {object} queue
 * @param {number} up workers that are up
 * @returns {string} '' if nobody consumes a paused queue, or it is not paused
 */
export function driftWords(queue, up) {
  const names = arrayOf(queue.stillConsuming).map(String);
  if (names.length === 0) return '';
  const who = names.slice(0, 3).map((name) => line(name, 80)).join(', ');
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.length} of ${plural(Math.max(up, names.length), 'worker')} still ${names.length === 1 ? 'consumes' : 'consume'}: ${who}${rest}`;
}
