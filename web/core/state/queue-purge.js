/** Purges in words: what they do not reach, and what is left of them. */
import { plural } from '../format/number.js';

/** @param {object} queue @returns {string} what a purge does not touch */
export function untouchedWords(queue) {
  const parts = [[queue.unacked, 'unacknowledged'], [queue.reserved, 'reserved'], [queue.scheduled, 'with an ETA']].filter(([number]) => number > 0);
  if (parts.length === 0) return 'What workers hold is not touched: unacknowledged, reserved and ETA messages. There is none now.';
  const [[first, word], ...rest] = parts;
  return `Not touched, because workers hold it: ${[`${plural(first, 'message')} ${word}`, ...rest.map(([number, what]) => `${number.toLocaleString('en-US')} ${what}`)].join(', ')}.`;
}

/**
 * What purges of one queue have put aside, newest first.
 * @param {Iterable<object>} trash rows of topic `trash`
 * @param {string} queue
 */
export function trashOf(trash, queue) {
  return [...trash].filter((row) => row.queue === queue).sort((a, b) => (b.at ?? 0) - (a.at ?? 0) || (a.id < b.id ? -1 : 1));
}
