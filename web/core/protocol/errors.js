/**
 * What to tell a person about an error code of R11: what happened, and what can be done about it.
 */
/** The code of what a role may not do. */
export const FORBIDDEN = 1003;

const WORDS = new Map([
  [-32600, ['The gateway did not accept the request', 'Reload the page; it may be older than the gateway.']],
  [-32601, ['The gateway does not know this request', 'Reload the page, or update the gateway.']],
  [-32602, ['Something in the request is not as it should be', 'Check the values and try again.']],
  [1001, ['Not signed in', 'Open a fresh link: celeriac token link --data DIR']],
  [FORBIDDEN, ['Your role does not allow this', 'Ask for a token with a higher role.']],
  [1004, ['The gateway has no such topic', 'Update the gateway.']],
  [1005, ['The gateway cannot filter like that', 'Change the filter.']],
  [1009, ['The same command is already on its way', 'Look at Activity before you try again.']],
  [1010, ['Things changed since you looked', 'Look again, then decide again.']],
  [1011, ['Too large to be sent', 'Make the arguments shorter.']],
  [1012, ['A limit was reached', 'Wait a little and try again.']],
  [1013, ['The gateway is busy', 'Try again in a moment.']],
  [1014, ['The broker cannot be reached', 'Nothing was sent, nothing is queued. Try again when the broker is back.']],
  [1015, ['This broker cannot do that', '']],
]);

/**
 * @param {import('./frames.js').WireError} error
 * @returns {{title: string, detail: string, fix: string}}
 */
export function describeError(error) {
  const [title, fix] = WORDS.get(error.code) ?? ['The gateway refused', ''];
  return { title, detail: error.message, fix };
}
