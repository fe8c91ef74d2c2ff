/**
 * The filter of the tasks page: between address, form and the filter language of the wire (R21: `and` of `eq`/`in`).
 */
export const FILTER_FIELDS = Object.freeze(['state', 'name', 'queue', 'worker']);
/** Longest text that can be looked for: the gateway takes 1 KiB. */
const TEXT_CHARACTERS = 250;
export const PAGE_SIZES = Object.freeze([50, 100, 200]);

/**
 * @typedef {{text: string, state: string[], name: string, queue: string, worker: string, mode: 'follow' | 'pinned', size: number}} TaskFilter
 * @param {Map<string, string>} query
 * @returns {TaskFilter}
 */
export function readTaskFilter(query) {
  const size = Number(query.get('size'));
  return {
    text: (query.get('find') ?? '').slice(0, TEXT_CHARACTERS),
    state: [...new Set((query.get('state') ?? '').split(',').map((state) => state.trim()).filter((state) => state !== ''))].slice(0, 16),
    name: query.get('name') ?? '',
    queue: query.get('queue') ?? '',
    worker: query.get('worker') ?? '',
    mode: query.get('mode') === 'pinned' ? 'pinned' : 'follow',
    size: PAGE_SIZES.includes(size) ? size : PAGE_SIZES[0],
  };
}

/** @param {TaskFilter} filter @returns {[string, string][]} for the address; defaults are left out */
export function writeTaskFilter(filter) {
  return [
    ['find', filter.text],
    ['state', filter.state.join(',')],
    ['name', filter.name],
    ['queue', filter.queue],
    ['worker', filter.worker],
    ['mode', filter.mode === 'follow' ? '' : filter.mode],
    ['size', filter.size === PAGE_SIZES[0] ? '' : String(filter.size)],
  ];
}

/** @param {TaskFilter} filter @returns {unknown[] | undefined} undefined: everything */
export function whereOf(filter) {
  const terms = [];
  if (filter.state.length === 1) terms.push(['eq', 'state', filter.state[0]]);
  if (filter.state.length > 1) terms.push(['in', 'state', filter.state]);
  for (const field of ['name', 'queue', 'worker']) {
    if (filter[field] !== '') terms.push(['eq', field, filter[field]]);
  }
  if (terms.length === 0) return undefined;
  return terms.length === 1 ? terms[0] : ['and', ...terms];
}

/** What a search asks for: the filter, and the text in any field. @param {TaskFilter} filter @returns {unknown[]} */
export function searchOf(filter) {
  const where = whereOf(filter);
  const text = ['contains', '*', filter.text];
  return where === undefined ? text : ['and', where, text];
}

/** @param {TaskFilter} filter */
export function isFiltered(filter) {
  return filter.text !== '' || whereOf(filter) !== undefined;
}
