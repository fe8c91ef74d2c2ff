/**
 * A state is always colour + shape + word. Here each state of the wire gets its `kind`, which style and icons know:
 * ok, running, warning, failed, unknown, and the two neutral ones waiting and stopped.
 *
 * @typedef {'ok'|'running'|'warning'|'failed'|'unknown'|'waiting'|'stopped'} Kind
 * @typedef {{kind: Kind, word: string}} Status
 */

/** States of a task that a process works on now; PROGRESS is STARTED with a word from the task. */
export const RUNNING_STATES = Object.freeze(['STARTED', 'PROGRESS']);

/** Order in which task states are listed. */
export const STATE_ORDER = ['PENDING', 'RECEIVED', 'STARTED', 'PROGRESS', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED', 'LOST'];

const TASK = new Map([
  ['PENDING', status('waiting', 'Pending')],
  ['RECEIVED', status('waiting', 'Received')],
  ['STARTED', status('running', 'Running')],
  ['PROGRESS', status('running', 'Progress')],
  ['SUCCESS', status('ok', 'Success')],
  ['FAILURE', status('failed', 'Failure')],
  ['RETRY', status('warning', 'Retry')],
  ['REVOKED', status('stopped', 'Revoked')],
  ['REJECTED', status('stopped', 'Rejected')],
  ['LOST', status('unknown', 'Lost')],
]);

const WORKER = new Map([
  ['online', status('ok', 'Online')],
  ['busy', status('running', 'Busy')],
  ['slow', status('warning', 'Slow')],
  ['wedged', status('failed', 'Wedged')],
  ['unreachable', status('warning', 'Unreachable')],
  ['unknown', status('unknown', 'Unknown')],
  ['offline', status('stopped', 'Offline')],
]);

const QUEUE = new Map([
  ['ok', status('ok', 'Consumed')],
  ['unconsumed', status('warning', 'Unconsumed')],
  ['paused', status('stopped', 'Paused')],
  ['unknown', status('unknown', 'Unknown')],
]);

const COMMAND = new Map([
  ['accepted', status('waiting', 'Accepted')],
  ['sent', status('running', 'Sent')],
  ['confirmed', status('ok', 'Confirmed')],
  ['partial', status('warning', 'Partial')],
  ['rejected', status('stopped', 'Rejected')],
  ['failed', status('failed', 'Failed')],
  ['unknown', status('unknown', 'Unknown')],
]);

const BROKER = new Map([
  ['ok', status('ok', 'ok')],
  ['lagging', status('warning', 'lagging')],
  ['down', status('failed', 'down')],
  ['reconciling', status('running', 'reconciling')],
]);

const SEVERITY = new Map([
  ['error', status('failed', 'Error')],
  ['warning', status('warning', 'Warning')],
  ['info', status('running', 'Info')],
]);

/** Outcomes in the audit that no command's state is called. */
const AUDIT = new Map([
  ['done', status('ok', 'Done')],
  ['refused', status('failed', 'Refused')],
]);

/** A state of the task's own (PROGRESS and the like) is reported by a running task. */
export const taskStatus = (state) => TASK.get(state) ?? named(state, 'running');
export const workerStatus = (state) => WORKER.get(state) ?? named(state, 'unknown');
export const queueStatus = (state) => QUEUE.get(state) ?? named(state, 'unknown');
export const commandStatus = (state) => COMMAND.get(state) ?? named(state, 'unknown');
export const brokerStatus = (state) => BROKER.get(state) ?? named(state, 'unknown');
export const auditStatus = (outcome) => AUDIT.get(outcome) ?? commandStatus(outcome);
export const severityStatus = (severity) => SEVERITY.get(severity) ?? named(severity, 'unknown');

/** States after which nothing happens any more. */
export function taskEnded(state) {
  return state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED' || state === 'REJECTED' || state === 'LOST';
}

function status(kind, word) {
  return Object.freeze({ kind, word });
}

function named(state, kind) {
  return typeof state === 'string' && state !== '' ? { kind, word: state } : { kind: 'unknown', word: 'Unknown' };
}
