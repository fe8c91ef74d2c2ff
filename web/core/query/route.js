/**
 * Addresses: `#/tasks/<id>`, `#/tasks?state=FAILURE&queue=mail`. Everything a person chose is in the address, so that
 * it can be sent to somebody else. Ids are whatever callers chose, so each segment is percent-encoded.
 *
 * @typedef {{page: string, id: string | null, query: Map<string, string>}} Route
 */
export const PAGES = Object.freeze(['overview', 'tasks', 'queues', 'workers', 'activity', 'audit']);

/** @param {string} hash with or without `#` @returns {Route} */
export function parseRoute(hash) {
  const body = hash.replace(/^#?\/?/, '');
  const mark = body.indexOf('?');
  const path = mark < 0 ? body : body.slice(0, mark);
  const slash = path.indexOf('/');
  const page = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? '' : decode(path.slice(slash + 1));
  const query = new Map(mark < 0 ? [] : new URLSearchParams(body.slice(mark + 1)));
  if (!PAGES.includes(page)) return { page: 'overview', id: null, query: new Map() };
  return { page, id: rest === '' ? null : rest, query };
}

/**
 * @param {string} page
 * @param {string | null} [id]
 * @param {Iterable<[string, string]>} [query] empty values are left out
 */
export function formatRoute(page, id = null, query = []) {
  const search = new URLSearchParams([...query].filter(([, value]) => value !== '')).toString();
  return `#/${page}${id === null ? '' : `/${encodeURIComponent(id)}`}${search === '' ? '' : `?${search}`}`;
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign is part of the id.
    return segment;
  }
}
