/** The audit as the page shows it: what is looked for in it, and what is older than the rows of the topic. */
/** Outcomes that no command's state is called, in the order in which they are offered; the states follow. */
export const AUDIT_OUTCOMES = Object.freeze(['refused', 'accepted', 'done', 'confirmed', 'partial', 'rejected', 'failed', 'unknown']);
const TEXT_CHARACTERS = 250;
const FIELDS = ['by', 'from', 'action', 'target', 'outcome', 'detail', 'id'];

/**
 * @typedef {{text: string, outcome: string}} AuditFilter
 * @param {Map<string, string>} query of the address
 * @returns {AuditFilter}
 */
export function readAuditFilter(query) {
  const outcome = query.get('outcome') ?? '';
  return { text: (query.get('find') ?? '').slice(0, TEXT_CHARACTERS), outcome: AUDIT_OUTCOMES.includes(outcome) ? outcome : '' };
}

/** @param {AuditFilter} filter @returns {[string, string][]} for the address */
export function writeAuditFilter({ text, outcome }) {
  return [['find', text], ['outcome', outcome]];
}

/** Rows that match, the newest first. @param {Iterable<object>} rows @param {AuditFilter} filter */
export function auditShown(rows, { text, outcome }) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return [...rows]
    .filter((row) => (outcome === '' || row.outcome === outcome) && words.every((word) => FIELDS.some((field) => String(row[field] ?? '').toLowerCase().includes(word))))
    .sort((a, b) => Number(b.id) - Number(a.id));
}

/** The newest rows and the older ones that were read by pages, each line once. @param {Iterable<object>} newest @param {object[]} older */
export function auditJoined(newest, older) {
  const joined = new Map(older.map((row) => [row.id, row]));
  for (const row of newest) joined.set(row.id, row);
  return [...joined.values()];
}

/** The number of the oldest line among rows; null if there is none. @param {Iterable<object>} rows */
export function oldestLine(rows) {
  const numbers = [...rows].map(({ id }) => Number(id)).filter(Number.isFinite);
  return numbers.length === 0 ? null : Math.min(...numbers);
}

/** Who did it, in words. */
export function whoDid(row) {
  if (typeof row.by === 'string' && row.by !== '') return row.by;
  return row.from === 'local' ? 'command line' : 'a stranger';
}
