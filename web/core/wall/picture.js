/** What a wall display says: pure functions from the synced rows to its lines. */
import { severityStatus, workerStatus } from '../format/states.js';
import { line } from '../format/text.js';
import { Limits } from '../limits.js';
import { alertsWorstFirst, compareText, nameRows, queueLoad, workersWorstFirst } from '../state/selectors.js';

/**
 * @typedef {import('../format/states.js').Kind} Kind
 * @typedef {{id: string, kind: Kind, word: string, text: string}} Problem
 */

const TROUBLE = new Set(['failed', 'warning']);

/**
 * Everything that somebody should look at, worst first: alerts, then workers in trouble that no alert speaks of.
 * @param {Iterable<object>} alerts
 * @param {Iterable<object>} workers
 * @returns {Problem[]}
 */
export function problems(alerts, workers) {
  const found = [];
  const subjects = new Set();
  for (const alert of alertsWorstFirst(alerts)) {
    const status = severityStatus(alert.severity);
    if (!TROUBLE.has(status.kind)) continue;
    subjects.add(alert.subject);
    const subject = alert.subject ? `${line(alert.subject, 80)}: ` : '';
    found.push({ id: `alert ${alert.id}`, kind: status.kind, word: status.word, text: `${subject}${line(alert.title ?? alert.detail ?? '', 160)}` });
  }
  for (const worker of workersWorstFirst(workers)) {
    const status = workerStatus(worker.state);
    if (!TROUBLE.has(status.kind) || subjects.has(`worker ${worker.id}`)) continue;
    found.push({ id: `worker ${worker.id}`, kind: status.kind, word: status.word, text: `worker ${line(worker.id, 80)}${worker.reason ? `: ${line(worker.reason, 160)}` : ''}` });
  }
  const rank = (problem) => (problem.kind === 'failed' ? 0 : 1);
  return found.map((problem, index) => ({ problem, index })).sort((a, b) => rank(a.problem) - rank(b.problem) || a.index - b.index).map(({ problem }) => problem);
}

/** How many rows were not looked at again since events were lost: what they say may be old (R51). */
export const unverified = (...lists) => lists.reduce((sum, rows) => sum + [...rows].filter(({ stale }) => stale === true).length, 0);

/**
 * The one sentence that is read from across the room.
 * @param {{problems: Problem[], age: number | null, live: boolean, everLive: boolean, broker: string | undefined,
 *   unverified?: number}} state age in milliseconds
 * @returns {{kind: Kind, text: string, fresh: boolean}}
 */
export function verdict({ problems: list, age, live, everLive, broker, unverified: doubtful = 0 }) {
  if (!everLive) return { kind: 'unknown', text: 'Connecting', fresh: false };
  if (age === null) return { kind: 'unknown', text: 'No data yet', fresh: false };
  if (age > Limits.staleMilliseconds) return { kind: 'failed', text: `No data for ${span(age)}`, fresh: false };
  if (broker === 'down') return { kind: 'failed', text: 'The broker is down', fresh: live };
  const bad = list.filter(({ kind }) => kind === 'failed').length;
  if (bad > 0) return { kind: 'failed', text: bad === 1 ? '1 problem' : `${bad} problems`, fresh: true };
  if (list.length > 0) return { kind: 'warning', text: list.length === 1 ? '1 warning' : `${list.length} warnings`, fresh: true };
  if (doubtful > 0) return { kind: 'unknown', text: `Checking ${doubtful} after a gap`, fresh: true };
  return { kind: 'ok', text: 'All is well', fresh: true };
}

/** The side and the kind of a line whose row was not looked at again since a gap; a problem stays one. */
export function doubt(row, shown) {
  return row.stale === true ? { ...shown, side: 'unverified', kind: shown.kind ?? 'unknown' } : shown;
}

/** 42 s, 3 min, 5 h, 2 d: never wider than six characters. @param {number} milliseconds */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Queues that nobody empties first, then the fullest. */
export function queuesWorstFirst(queues) {
  const rank = (queue) => (queue.state === 'unconsumed' ? 0 : queue.state === 'paused' ? 1 : 2);
  return [...queues].sort((a, b) => rank(a) - rank(b) || queueLoad(b) - queueLoad(a) || compareText(a.id, b.id));
}

/**
 * Task names that failed in the last five minutes, the most failures first.
 * @param {Iterable<object>} stats
 * @returns {{id: string, name: string, failed: number, share: number}[]} share of what ended, 0..1
 */
export function failuresWorstFirst(stats) {
  return nameRows(stats)
    .filter((row) => row.failed5m > 0)
    .map((row) => ({ id: row.id, name: row.name, failed: row.failed5m, share: row.failed5m / (row.failed5m + (row.succeeded5m ?? 0)) }))
    .sort((a, b) => b.failed - a.failed || compareText(a.name, b.name));
}
