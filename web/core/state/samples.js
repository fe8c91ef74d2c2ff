/** What goes into the sparklines at each tick: figures of the fleet, and the depth of each queue. */
const FLEET = ['active', 'queueDepth', 'throughput', 'throughput10s', 'successRate', 'runtimeMean', 'waitMean', 'eventsPerSecond', 'workersOnline', 'reserved'];
const TOTALS = ['SUCCESS', 'FAILURE', 'RETRY'];

/**
 * @param {Map<string, {get(id: string): any, rows: Iterable<any>}>} topics
 * @param {boolean} live nothing is known while disconnected: holes
 * @returns {Map<string, number>}
 */
export function sampleFleet(topics, live) {
  const values = new Map();
  if (!live) return values;
  const fleet = topics.get('stats').get('fleet');
  for (const field of FLEET) values.set(`fleet.${field}`, fleet?.[field] ?? NaN);
  for (const state of TOTALS) values.set(`total.${state}`, topics.get('stats').get(`total:${state}`)?.count ?? NaN);
  for (const queue of topics.get('queues').rows) values.set(`queue.${queue.id}`, queue.depth ?? NaN);
  return values;
}
