/**
 * Urgency is shown as 1 (low) to 10 (urgent); on the wire it is Celery's priority, 0 most urgent to 9, which Redis
 * sorts into the broker's steps: 0, 3, 6, 9 unless its settings say others.
 */

/** @param {number} urgency 1 … 10 @returns {number} 9 … 0 */
export function priorityOf(urgency) {
  return 10 - urgency;
}

/** @param {number} priority 0 … 9 @returns {number} 10 … 1 */
export function urgencyOf(priority) {
  return 10 - priority;
}

/** The step a priority falls into: the last one that is not above it. @param {number} priority 0 … 9 @param {number[]} steps of the broker, rising */
export function stepOf(priority, steps) {
  return steps.findLast((step) => step <= priority) ?? steps[0];
}

/** What an urgency is to Celery and to the broker. @param {number} priority 0 … 9 @param {number[]} steps of the broker */
export function priorityWords(priority, steps) {
  return `Urgency ${urgencyOf(priority)} is Celery priority ${priority} and waits in the broker's step ${stepOf(priority, steps)} (0 is taken first).`;
}
