/**
 * The commands a person can give: who may, what the confirmation says, what the outcome is called.
 */
const ROLE_RANK = new Map([['viewer', 0], ['operator', 1], ['admin', 2]]);

export const COMMANDS = new Map([
  ['task.run', { role: 'operator', verb: 'Run' }],
  ['task.retry', { role: 'operator', verb: 'Retry' }],
  ['task.revoke', { role: 'operator', verb: 'Revoke' }],
  ['task.terminate', { role: 'admin', verb: 'Terminate' }],
  ['queue.purge', { role: 'admin', verb: 'Purge' }],
  ['worker.enableEvents', { role: 'operator', verb: 'Enable events' }],
  ['worker.restart', { role: 'admin', verb: 'Restart' }],
  ['worker.shutdown', { role: 'admin', verb: 'Shut down' }],
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
