/**
 * What the page does when the socket closes: the table of docs/client-protocol.md as data.
 *
 * `action`: `retry` with backoff, `authenticate` (look at the session, then retry or ask to sign in), or `stop`.
 * `floorMilliseconds` is the least wait before the next attempt.
 */
const TABLE = new Map([
  [1001, { action: 'retry', floorMilliseconds: 0, words: 'the gateway is restarting' }],
  [1003, { action: 'stop', floorMilliseconds: 0, words: 'the gateway refused a binary message' }],
  [1007, { action: 'stop', floorMilliseconds: 0, words: 'the gateway refused a message that was not UTF-8' }],
  [1009, { action: 'stop', floorMilliseconds: 0, words: 'the gateway refused a message that was too big' }],
  [4400, { action: 'stop', floorMilliseconds: 0, words: 'the gateway did not understand this page' }],
  [4401, { action: 'authenticate', floorMilliseconds: 0, words: 'the session has ended' }],
  [4403, { action: 'stop', floorMilliseconds: 0, words: 'the gateway does not let this page in' }],
  [4406, { action: 'stop', floorMilliseconds: 0, words: 'this page is from another version: please reload' }],
  [4408, { action: 'retry', floorMilliseconds: 2_000, words: 'this page was too slow', halveRate: true }],
  [4409, { action: 'stop', floorMilliseconds: 0, words: 'the session was taken over by another window' }],
  [4413, { action: 'retry', floorMilliseconds: 10_000, words: 'this sign-in has as many connections as it may' }],
  [4429, { action: 'retry', floorMilliseconds: 30_000, words: 'this page asked too much' }],
  [4500, { action: 'retry', floorMilliseconds: 1_000, words: 'the gateway had an internal error' }],
]);

/**
 * @param {number} code
 * @returns {{action: 'retry' | 'authenticate' | 'stop', floorMilliseconds: number, words: string, halveRate?: boolean}}
 */
export function closeRule(code) {
  const known = TABLE.get(code);
  if (known) return known;
  if (code >= 4400 && code <= 4407) {
    return { action: 'stop', floorMilliseconds: 0, words: `the gateway closed the connection (${code})` };
  }
  return { action: 'retry', floorMilliseconds: 1_000, words: 'the connection was lost' };
}
