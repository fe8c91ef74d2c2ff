/**
 * Evidence in plain words. The gateway names what it asked and which command undoes it, for programs and for who reads the
 * record; on the pages nobody has to know Celery's remote control. What is not known here is shown as it came.
 */
import { plural } from './number.js';
import { appointment } from './time.js';
import { line } from './text.js';

/** @type {[RegExp, (parts: string[], now: number) => string][]} */
const WORDS = [
  [/^(.+): active_queues does not show (.+)$/, ([worker, queue]) => `${worker} takes nothing from ${queue}`],
  [/^(.+): active_queues shows (.+)$/, ([worker, queue]) => `${worker} takes from ${queue}`],
  [/^(.+): registered shows no rate limit$/, ([worker]) => `${worker} has no rate limit`],
  [/^(.+): registered shows rate limit (.+)$/, ([worker, limit]) => `${worker} has the rate limit ${limit}`],
  [/^(.+): registered shows (soft limit .+)$/, ([worker, limits]) => `${worker} has the ${limits}`],
  [/^(.+): stats show the autoscaler at (.+)$/, ([worker, bounds]) => `${worker} scales itself between ${bounds.replace(' to ', ' and ')}`],
  [/^(.+): stats show (\d+) pool slots, (\d+) before$/, ([worker, now, before]) => `${worker} has ${plural(Number(now), 'pool slot')} now, ${before} before`],
  [/^broker: handed to (\d+) listeners?$/, ([number]) => `sent to ${plural(Number(number), 'worker')}`],
  [/^broker: (.+)$/, ([what]) => `in the broker: ${what}`],
  [/^trash \S+: queue\.restore puts it back until (\S+)$/, ([until], now) => `can be put back until ${appointment(Date.parse(until) / 1000, now)}`],
  [/^nothing is left in trash \S+$/, () => 'nothing is left in the trash'],
  [/^(\d+ (?:is|are)) left in trash \S+$/, ([number]) => `${number} left in the trash`],
];

/**
 * @param {unknown} sentence
 * @param {number} now unix seconds on the gateway's clock
 * @returns {string}
 */
export function plainEvidence(sentence, now) {
  const text = String(sentence);
  for (const [pattern, words] of WORDS) {
    const found = pattern.exec(text);
    if (found !== null) return line(words(found.slice(1), now));
  }
  return line(text);
}
