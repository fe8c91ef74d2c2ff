/**
 * The commands a person can give: who may, what the confirmation says, what the outcome is called.
 */
const ROLE_RANK = new Map([['viewer', 0], ['operator', 1], ['admin', 2]]);

export const COMMANDS = new Map([
  ['task.run', { role: 'operator', verb: 'Run' }],
  ['task.group', { role: 'operator', verb: 'Run a group' }],
  ['task.chord', { role: 'operator', verb: 'Run a chord' }],
  ['task.retry', { role: 'operator', verb: 'Retry' }],
  ['task.revoke', { role: 'operator', verb: 'Revoke' }],
  ['task.terminate', { role: 'admin', verb: 'Terminate' }],
  ['task.revokeStamped', { role: 'operator', verb: 'Revoke by stamp' }],
  ['task.query', { role: 'operator', verb: 'Ask about tasks' }],
  ['worker.ping', { role: 'operator', verb: 'Ping' }],
  ['worker.report', { role: 'operator', verb: 'Ask for settings' }],
  ['worker.memory', { role: 'operator', verb: 'Ask for memory' }],
  ['worker.poolGrow', { role: 'admin', verb: 'Grow the pool' }],
  ['worker.poolShrink', { role: 'admin', verb: 'Shrink the pool' }],
  ['worker.autoscale', { role: 'admin', verb: 'Set autoscaling' }],
  ['worker.rateLimit', { role: 'operator', verb: 'Set a rate limit' }],
  ['worker.timeLimit', { role: 'operator', verb: 'Set a time limit' }],
  ['worker.addConsumer', { role: 'operator', verb: 'Consume a queue' }],
  ['worker.cancelConsumer', { role: 'operator', verb: 'Stop consuming a queue' }],
  ['worker.enableEvents', { role: 'operator', verb: 'Enable events' }],
  ['worker.disableEvents', { role: 'admin', verb: 'Disable events' }],
  ['worker.restart', { role: 'admin', verb: 'Restart' }],
  ['worker.shutdown', { role: 'admin', verb: 'Shut down' }],
  ['queue.purge', { role: 'admin', verb: 'Purge' }],
  ['queue.restore', { role: 'admin', verb: 'Restore' }],
  ['queue.pause', { role: 'operator', verb: 'Pause' }],
  ['queue.resume', { role: 'operator', verb: 'Resume' }],
  ['message.delete', { role: 'admin', verb: 'Delete a message' }],
  ['message.move', { role: 'operator', verb: 'Move a message' }],
  ['message.prioritize', { role: 'operator', verb: 'Change urgency' }],
]);

/**
 * @param {string} command key of COMMANDS
 * @param {string | undefined} role
 * @returns {string} why this role may not, '' if it may
 */
export function refusal(command, role) {
  const needed = COMMANDS.get(command)?.role ?? 'admin';
  const have = ROLE_RANK.get(role ?? '') ?? -1;
  if (have >= (ROLE_RANK.get(needed) ?? Infinity)) return '';
  const article = /^[aeiou]/.test(needed) ? 'an' : 'a';
  return `Needs ${article} ${needed} token; you are signed in as ${role ?? 'nobody'}.`;
}

/** Commands that are asked for what workers answer. */
export const QUESTIONS = Object.freeze(['task.query', 'worker.memory', 'worker.report']);

/** What a command row is called in lists. @param {object} row */
export function commandTitle(row) {
  const verb = COMMANDS.get(row.cmd === 'task.revoke' && terminates(row) ? 'task.terminate' : row.cmd)?.verb ?? String(row.cmd ?? 'command');
  return verb;
}

function terminates(row) {
  if (typeof row.args !== 'string') return row.args?.terminate === true;
  return /"terminate"\s*:\s*true/.test(row.args);
}

/** Purging a queue that grows while one looks at it: a tenth more is still what was meant, more is not. */
export function purgeCeiling(shown) {
  return Math.max(shown + 10, Math.ceil((shown * 11) / 10));
}

/**
 * Whether Restart can work on a worker. @param {object} worker @returns {string} why not, '' if it can or nobody knows
 */
export function restartRefusal(worker) {
  if (worker.poolRestarts === false) return 'This worker has pool restarts switched off. Set worker_pool_restarts = True in its Celery configuration.';
  if (worker.state === 'offline') return 'This worker is offline.';
  return '';
}
