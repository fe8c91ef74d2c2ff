/**
 * What the run dialog holds, checked as one types and turned into the arguments of `task.run`.
 *
 * Urgency is shown as 1 (low) to 10 (urgent); on the wire it is Celery's priority, 0 most urgent to 9, which Redis
 * sorts into four steps 0, 3, 6, 9.
 */
import { Limits } from '../limits.js';

/** @param {number} urgency 1 … 10 @returns {number} 9 … 0 */
export function priorityOf(urgency) {
  return 10 - urgency;
}

/** The step of the broker a priority falls into. @param {number} priority 0 … 9 */
export function stepOf(priority) {
  return priority >= 9 ? 9 : priority >= 6 ? 6 : priority >= 3 ? 3 : 0;
}

/**
 * @param {string} text
 * @param {'array' | 'object'} shape
 * @returns {{value: any} | {problem: string}}
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
  if (shape === 'array' && !Array.isArray(value)) return { problem: 'Positional arguments are a JSON array: [1, "two"]' };
  if (shape === 'object' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return { problem: 'Keyword arguments are a JSON object: {"to": "ada"}' };
  }
  return { value };
}

/**
 * @param {{task: string, args: string, kwargs: string, queue: string, urgency: string, countdown: string, eta?: string,
 *   expires: string, softTimeLimit: string, timeLimit: string}} form
 * @returns {{args: Record<string, any>, problems: Map<string, string>}}
 */
export function readRunForm(form) {
  const problems = new Map();
  const args = { task: form.task.trim() };
  if (args.task === '') problems.set('task', 'Which task?');
  else if (args.task.length > 512 || /\s/.test(args.task)) problems.set('task', 'A task name has no spaces: package.module.function');
  for (const [name, shape] of [['args', 'array'], ['kwargs', 'object']]) {
    const read = readJSON(form[name], shape);
    if ('problem' in read) problems.set(name, read.problem);
    else args[name] = read.value;
  }
  if (form.queue.trim() !== '') args.queue = form.queue.trim();
  if (form.urgency !== '') args.priority = priorityOf(Number(form.urgency));
  for (const [name, least] of [['countdown', 0], ['expires', 1], ['softTimeLimit', 1], ['timeLimit', 1]]) {
    const source = form[name].trim();
    if (source === '') continue;
    const value = Number(source);
    if (!Number.isFinite(value) || value < least || value > 31_536_000) {
      problems.set(name, `Seconds, ${least} to 31,536,000.`);
    } else {
      args[name] = value;
    }
  }
  const eta = (form.eta ?? '').trim();
  if (eta !== '') {
    const moment = new Date(eta);
    if (Number.isNaN(moment.getTime())) problems.set('eta', 'A date and a time.');
    else if (args.countdown !== undefined) problems.set('eta', 'Either a delay or a time, not both.');
    else args.eta = moment.toISOString();
  }
  if (args.countdown !== undefined && args.expires !== undefined && args.expires <= args.countdown) {
    problems.set('expires', 'It would expire before it starts.');
  }
  if (args.softTimeLimit !== undefined && args.timeLimit !== undefined && args.softTimeLimit >= args.timeLimit) {
    problems.set('softTimeLimit', 'The soft limit must be shorter than the hard one, or it is never reached.');
  }
  return { args, problems };
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
