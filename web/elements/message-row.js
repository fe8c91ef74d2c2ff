/** One message of a queue or of its trash as a row of a table: what it calls, its step, its size. */
import { bytes, count } from '../core/format/number.js';
import { line, text } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h } from '../platform/dom.js';

/**
 * @param {object} message as `GET /api/celery/queues/{name}/messages` has it
 * @param {{before?: Node, after?: Node}} [ends] what stands at the ends of the row; a place if nothing is at its beginning
 * @returns {HTMLTableRowElement}
 */
export function messageRow(message, { before, after } = {}) {
  const known = typeof message.name === 'string';
  const title = known ? line(message.name, 120) : message.id ? '(too large to read)' : '(not a task message)';
  const id = typeof message.id === 'string' ? h('a', { class: 'mono', href: formatRoute('tasks', message.id), text: line(message.id, 8) }) : null;
  const call = known && typeof message.args === 'string' ? h('div', { class: 'muted mono one-line', text: text(`${message.args} ${message.kwargs ?? ''}`, 400) }) : null;
  const notes = [message.eta && `not before ${line(message.eta, 40)}`, message.expires && `expires ${line(message.expires, 40)}`, message.retries > 0 && `retry ${message.retries}`, message.redelivered && 'delivered before'].filter(Boolean).join(' · ');
  return h('tr', { 'data-testid': 'message', data: { id: typeof message.id === 'string' ? message.id : '' } },
    before ? h('td', { class: 'place' }, before) : h('td', { class: 'place num', text: count(message.position + 1) }),
    h('td', null, h('strong', { text: title }), ' ', id, call, notes === '' ? null : h('div', { class: 'muted', text: notes })),
    h('td', { class: 'number num', text: count(message.step) }),
    h('td', { class: 'number num wide-only', text: bytes(message.bytes) }),
    after ? h('td', { class: 'narrow' }, after) : null);
}
