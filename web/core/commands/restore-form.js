/** How much of a purge is to be put back, from a form to the arguments of `queue.restore`. */
import { Limits } from '../limits.js';

/**
 * @param {{which: string, count: string, ids: string[]}} form `ids`: tasks whose messages are chosen
 * @param {number} left messages that are in the trash
 * @returns {{args: {count?: number, ids?: string[]}, problems: Map<string, string>}}
 */
export function readRestoreForm(form, left) {
  if (form.which === 'some') return form.ids.length > 0 ? { args: { ids: [...new Set(form.ids)] }, problems: new Map() } : { args: {}, problems: new Map([['which', 'Choose at least one below.']]) };
  if (form.which !== 'first') return { args: {}, problems: new Map() };
  const most = Math.min(left, Limits.restored);
  const number = Number(form.count.trim());
  if (form.count.trim() === '' || !Number.isInteger(number) || number < 1 || number > most) {
    return { args: {}, problems: new Map([['count', `A whole number, 1 to ${most.toLocaleString('en-US')}.`]]) };
  }
  return { args: { count: number }, problems: new Map() };
}
