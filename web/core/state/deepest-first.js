/** The order of queues on a page: the deepest above, and nobody jumps. */
import { compareText, queueLoad } from './selectors.js';

/**
 * Deepest first by order of magnitude, then by name. A queue rises as soon as its load has one digit more, and falls
 * only when the load is below half of that: one that goes back and forth between 9 and 10 keeps its place.
 */
export class DeepestFirst {
  /** The smallest load of the magnitude in which a queue stands now, by its id. */
  #floors = new Map();

  /** @template {{id: string}} T @param {Iterable<T>} queues @returns {T[]} */
  order(queues) {
    const floors = new Map();
    const rows = [...queues];
    for (const queue of rows) floors.set(queue.id, floorOf(queueLoad(queue), this.#floors.get(queue.id) ?? 1));
    this.#floors = floors;
    return rows.sort((a, b) => floors.get(b.id) - floors.get(a.id) || compareText(a.id, b.id));
  }
}

/** @param {number} load @param {number} before the floor until now */
function floorOf(load, before) {
  const floor = 10 ** (Math.max(1, String(Math.round(load)).length) - 1);
  return floor < before && load * 2 >= before ? before : floor;
}
