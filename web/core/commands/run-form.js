/** What the run dialogs hold, checked as one types and turned into the arguments of `task.run`, `task.group` and `task.chord`. */
import { readJSON } from './json-text.js';
import { priorityOf } from './priority.js';
import { readRunOptions } from './run-options.js';
import { readSignature, readSignatures, taskNameProblem } from './signature-form.js';

/** Fields of a run that are lists of tasks. */
export const FOLLOWERS = Object.freeze(['chain', 'link', 'linkError']);

/**
 * @param {Record<string, any>} form texts by field; lists of rows for `chain`, `link` and `linkError`
 * @returns {{args: Record<string, any>, problems: Map<string, string>}} problems by field; of a list by `<list>.<row>.<field>`
 */
export function readRunForm(form) {
  const problems = new Map();
  const args = { task: form.task.trim() };
  const name = taskNameProblem(args.task);
  if (name !== '') problems.set('task', name);
  for (const [field, shape] of [['args', 'array'], ['kwargs', 'object']]) {
    const read = readJSON(form[field], shape);
    if ('problem' in read) problems.set(field, read.problem);
    else args[field] = read.value;
  }
  for (const field of ['queue', 'exchange', 'routingKey', 'shadow']) {
    const text = (form[field] ?? '').trim();
    if (new TextEncoder().encode(text).length > 255) problems.set(field, 'At most 255 bytes.');
    else if (text !== '') args[field] = text;
  }
  if (args.queue !== undefined && args.exchange !== undefined) problems.set('exchange', 'Either a queue or an exchange, not both.');
  if (args.routingKey !== undefined && args.exchange === undefined) problems.set('routingKey', 'It goes with an exchange. For a queue, name the queue.');
  if ((form.urgency ?? '') !== '') args.priority = priorityOf(Number(form.urgency));
  readRunOptions(form, args, problems);
  for (const list of FOLLOWERS) {
    const rows = form[list] ?? [];
    if (rows.length > 0) args[list] = take(list, readSignatures(rows), problems);
  }
  return { args, problems };
}

/**
 * @param {Record<string, any>} form `tasks`: rows; `body`: a row, or null for a group; `queue` and the options of a run
 * @returns {{command: 'task.group' | 'task.chord', args: Record<string, any>, problems: Map<string, string>}}
 */
export function readSeveralForm(form) {
  const problems = new Map();
  const args = { tasks: take('tasks', readSignatures(form.tasks, 1), problems) };
  if (form.body !== null) {
    const read = readSignature(form.body);
    for (const [field, words] of read.problems) problems.set(`body.0.${field}`, words);
    args.body = read.value;
  }
  const queue = (form.queue ?? '').trim();
  if (queue !== '') args.queue = queue;
  readRunOptions(form, args, problems);
  return { command: form.body === null ? 'task.group' : 'task.chord', args, problems };
}

function take(list, read, problems) {
  for (const [place, words] of read.problems) problems.set(place === '' ? list : `${list}.${place}`, words);
  return read.value;
}
