/**
 * Where to connect to. What a gateway says (`resumeUrl`) is taken only if it is at the page's own origin: the session's
 * cookie and the content security policy hold there alone, and nobody else is to see a first frame of ours.
 *
 * @param {string} page its address
 * @param {string | null} told `resumeUrl` of the session before, if there was one
 * @returns {string}
 */
export function socketAddress(page, told) {
  const own = new URL('/ws/v1', page);
  own.protocol = own.protocol === 'https:' ? 'wss:' : 'ws:';
  const named = told !== null && URL.canParse(told) ? new URL(told) : null;
  const isOurs = named !== null && named.protocol === own.protocol && named.host === own.host && named.username === '' && named.password === '' && named.hash === '';
  return isOurs ? named.href : own.href;
}
