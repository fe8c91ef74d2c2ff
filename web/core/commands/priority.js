/**
 * Urgency is shown as 1 (low) to 10 (urgent); on the wire it is Celery's priority, 0 most urgent to 9, which Redis
 * sorts into four steps 0, 3, 6, 9.
 */

/** @param {number} urgency 1 … 10 @returns {number} 9 … 0 */
export function priorityOf(urgency) {
  return 10 - urgency;
}

/** @param {number} priority 0 … 9 @returns {number} 10 … 1 */
export function urgencyOf(priority) {
  return 10 - priority;
}

/** The step of the broker a priority falls into. @param {number} priority 0 … 9 */
export function stepOf(priority) {
  return priority >= 9 ? 9 : priority >= 6 ? 6 : priority >= 3 ? 3 : 0;
}

/** What an urgency is to Celery and to the broker. @param {number} priority 0 … 9 */
export function priorityWords(priority) {
  return `Urgency ${urgencyOf(priority)} is Celery priority ${priority} and waits in the broker's step ${stepOf(priority)} (0 is taken first).`;
}
