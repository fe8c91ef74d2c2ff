/** What a credential is limited to, in words (`who.limits`). */
import { line } from './text.js';

/** Patterns that are named; the rest is counted. */
const NAMED = 4;
const NAME_CHARACTERS = 40;

/**
 * @param {{limits?: {queues?: unknown, tasks?: unknown}} | null | undefined} who
 * @returns {{short: string, whole: string} | null} a sentence for a line and one with all of them; null if all queues
 *   and tasks are seen
 */
export function limitsWords(who) {
  const queues = patterns(who?.limits?.queues);
  const tasks = patterns(who?.limits?.tasks);
  if (queues === null && tasks === null) return null;
  const hasNone = queues?.length === 0 || tasks?.length === 0;
  const sentence = (most) => `You see ${[named('queue', queues, most), named('task', tasks, most)].filter((part) => part !== '').join(' and ')}${hasNone ? '' : ' only'}.`;
  return { short: sentence(NAMED), whole: sentence(Infinity) };
}

/** Nothing that is allowed is a limit, too. */
function patterns(value) {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}

function named(noun, all, most) {
  if (all === null) return '';
  if (all.length === 0) return `no ${noun}s`;
  const shown = all.slice(0, most).map((each) => line(each, NAME_CHARACTERS));
  const rest = all.length - shown.length;
  return `the ${noun}${all.length === 1 && !all[0].includes('*') ? '' : 's'} ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
