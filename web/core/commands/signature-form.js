/**
 * Tasks within a command, such as steps of a chain, members of a group and callbacks: rows of a form turned into
 * `{task, args, kwargs, queue, priority, immutable}`.
 *
 * @typedef {{task: string, args?: string, kwargs?: string, queue?: string, urgency?: string, immutable?: string}} SignatureRow
 */
import { Limits } from '../limits.js';
import { readJSON } from './json-text.js';
import { priorityOf } from './priority.js';

/** @param {string} name @returns {string} what is wrong with the name of a task, '' if nothing is */
export function taskNameProblem(name) {
  if (name === '') return 'Which task?';
  if (new TextEncoder().encode(name).length > 255 || /\s/.test(name)) return 'A task name has no spaces: package.module.function';
  return '';
}

/**
 * @param {SignatureRow} row
 * @returns {{value: Record<string, any>, problems: Map<string, string>}} problems by field
 */
export function readSignature(row) {
  const problems = new Map();
  const value = { task: row.task.trim() };
  const problem = taskNameProblem(value.task);
  if (problem !== '') problems.set('task', problem);
  for (const [name, shape] of [['args', 'array'], ['kwargs', 'object']]) {
    const source = (row[name] ?? '').trim();
    if (source === '') continue;
    const read = readJSON(source, shape);
    if ('problem' in read) problems.set(name, read.problem);
    else value[name] = read.value;
  }
  if ((row.queue ?? '').trim() !== '') value.queue = row.queue.trim();
  if ((row.urgency ?? '') !== '') value.priority = priorityOf(Number(row.urgency));
  if (row.immutable === 'true') value.immutable = true;
  return { value, problems };
}

/**
 * @param {SignatureRow[]} rows
 * @param {number} [least] as many are needed
 * @returns {{value: Record<string, any>[], problems: Map<string, string>}} problems by `<row>.<field>`, or '' for the list itself
 */
export function readSignatures(rows, least = 0) {
  const problems = new Map();
  const value = rows.map((row, index) => {
    const read = readSignature(row);
    for (const [field, words] of read.problems) problems.set(`${index}.${field}`, words);
    return read.value;
  });
  if (rows.length < least) problems.set('', least === 1 ? 'At least one task.' : `At least ${least} tasks.`);
  if (rows.length > Limits.signatures) problems.set('', `At most ${Limits.signatures} tasks.`);
  return { value, problems };
}

/** The same from JSON text. @param {string} source @param {number} most @returns {{value: object[]} | {problem: string}} */
export function readSignaturesText(source, most) {
  const read = readJSON(source, 'array');
  if ('problem' in read) return read;
  if (read.value.length === 0) return { problem: 'At least one task.' };
  if (read.value.length > most) return { problem: `At most ${most} tasks.` };
  const wrong = read.value.findIndex((item) => typeof item?.task !== 'string' || taskNameProblem(item.task) !== '');
  return wrong < 0 ? read : { problem: `Number ${wrong + 1} is no task: {"task": "package.module.function"}` };
}
