/**
 * Derived views of the topics: pure functions from rows to what a page shows.
 */
import { STATE_ORDER, workerStatus } from '../format/states.js';

const WORST_FIRST = ['wedged', 'unreachable', 'slow', 'unknown', 'busy', 'online', 'offline'];
const SEVERITY = ['error', 'warning', 'info'];

/** @param {Iterable<object>} stats rows of topic `stats` */
export function stateCounts(stats) {
  const counts = new Map();
  for (const row of stats) {
    if (typeof row.id === 'string' && row.id.startsWith('state:') && typeof row.state === 'string') {
      counts.set(row.state, Number.isFinite(row.count) ? row.count : 0);
    }
  }
  return new Map([...counts].sort(([a], [b]) => rank(STATE_ORDER, a) - rank(STATE_ORDER, b) || compareText(a, b)));
}

/** Task names seen so far, most frequent first. @returns {string[]} */
export function taskNames(stats) {
  return nameRows(stats).map((row) => row.name);
}

/** Rows `name:…` without the rest. */
export function nameRows(stats) {
  return [...stats]
    .filter((row) => typeof row.id === 'string' && row.id.startsWith('name:') && typeof row.name === 'string' && row.name !== '*other*')
    .sort((a, b) => (b.count ?? 0) - (a.count ?? 0) || compareText(a.name, b.name));
}

/** Names that can be run: what the workers registered, then what was seen. */
export function runnableNames(workers, stats) {
  const names = new Set();
  for (const worker of workers) {
    for (const name of arrayOf(worker.registered)) names.add(String(name));
  }
  for (const name of taskNames(stats)) names.add(name);
  return [...names].sort(compareText);
}

/** Workers that need somebody first, then by name. */
export function workersWorstFirst(workers) {
  return [...workers].sort((a, b) => troubleRank(a) - troubleRank(b) || compareText(a.id, b.id));
}

/** Small numbers need somebody. A worker that gets its hands full and free again keeps its place. */
export function troubleRank({ state }) {
  return rank(WORST_FIRST, state === 'busy' ? 'online' : state);
}

/** @returns {Map<string, number>} state → how many */
export function workerStates(workers) {
  const counts = new Map();
  for (const worker of workers) {
    const state = typeof worker.state === 'string' ? worker.state : 'unknown';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => rank(WORST_FIRST, a) - rank(WORST_FIRST, b)));
}

/** Everything that waits for or is with a worker of this queue. */
export function queueLoad(queue) {
  return (queue.depth ?? 0) + (queue.unacked ?? 0);
}

/** Celery's own priority steps. */
export const PRIORITIES = [0, 3, 6, 9];

/** The priority steps of the broker: every queue's row names them if its settings say others than Celery's own. */
export function prioritySteps(queues) {
  for (const queue of queues) return stepsOf(queue);
  return PRIORITIES;
}

/** Steps beyond the fourth share its colour. @param {number} index of a step */
export function stepKind(index) {
  return `step-${Math.min(index, PRIORITIES.length - 1)}`;
}

function stepsOf(queue) {
  const steps = arrayOf(queue.priorities).filter(Number.isInteger);
  return steps.length > 0 ? steps : PRIORITIES;
}

/**
 * The parts of a queue's bar, in drawing order: the priority steps (most urgent first; four unless the broker's settings
 * say otherwise), then what is delivered but not acknowledged.
 * @returns {{kind: string, label: string, value: number}[]}
 */
export function queueParts(queue) {
  const steps = arrayOf(queue.steps);
  const known = steps.length > 0;
  const parts = stepsOf(queue).map((priority, index) => ({
    kind: stepKind(index),
    label: `priority step ${priority}`,
    value: known ? positive(steps[index]) : index === 0 ? positive(queue.depth) : 0,
  }));
  parts.push({ kind: 'unacked', label: 'unacknowledged', value: positive(queue.unacked) });
  return parts;
}

/** Errors first, newest first. */
export function alertsWorstFirst(alerts) {
  return [...alerts].sort((a, b) => rank(SEVERITY, a.severity) - rank(SEVERITY, b.severity) || (b.since ?? 0) - (a.since ?? 0) || compareText(a.id, b.id));
}

/** Newest first. */
export function commandsNewestFirst(commands) {
  return [...commands].sort((a, b) => (b.at ?? 0) - (a.at ?? 0) || compareText(b.id, a.id));
}

/** @returns {boolean} whether the command's outcome is known */
export function commandEnded(command) {
  return command.state !== 'accepted' && command.state !== 'sent';
}

/** Gap rows of topic `health`, open ones first, then newest first. */
export function gapsNewestFirst(health) {
  return [...health]
    .filter((row) => typeof row.id === 'string' && row.id.startsWith('gap:'))
    .sort((a, b) => Number(b.to === undefined) - Number(a.to === undefined) || (b.from ?? 0) - (a.from ?? 0));
}

/** Times in which a link of the gateway was broken: those that last first, then newest first. */
export function outagesNewestFirst(health) {
  return [...health]
    .filter((row) => typeof row.id === 'string' && row.id.startsWith('outage:'))
    .sort((a, b) => Number(b.to === undefined) - Number(a.to === undefined) || (b.from ?? 0) - (a.from ?? 0));
}

/** Workers that left the list, newest first. */
export function departuresNewestFirst(health) {
  return [...health].filter((row) => typeof row.id === 'string' && row.id.startsWith('left:')).sort((a, b) => (b.leftAt ?? 0) - (a.leftAt ?? 0));
}

/**
 * Share of the workers' events that the gateway can prove it saw, 0..1. While a gap is open nobody knows, whatever was
 * measured before it.
 * @returns {number | undefined}
 */
export function completenessOf(health, fleet) {
  let overall;
  for (const row of health) {
    if (typeof row.id === 'string' && row.id.startsWith('gap:') && row.to === undefined) return undefined;
    if (row.id === 'completeness') overall = row.overall;
  }
  overall ??= fleet?.completeness;
  return Number.isFinite(overall) ? overall : undefined;
}

/** How many workers are there to be told something. */
export function workersUp(workers) {
  let count = 0;
  for (const { state } of workers) if (state !== 'offline') count += 1;
  return count;
}

/** How many workers are in trouble, for the badge in the navigation. */
export function workersInTrouble(workers) {
  let count = 0;
  for (const worker of workers) {
    const { kind } = workerStatus(worker.state);
    if (kind === 'failed' || kind === 'warning') count += 1;
  }
  return count;
}

/** Position in a list; what is not listed comes last but keeps a place. */
function rank(list, value) {
  const index = list.indexOf(value);
  return index < 0 ? list.length : index;
}

export function compareText(a, b) {
  const left = String(a ?? '');
  const right = String(b ?? '');
  return left < right ? -1 : left > right ? 1 : 0;
}

export function arrayOf(value) {
  return Array.isArray(value) ? value : [];
}

function positive(value) {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
