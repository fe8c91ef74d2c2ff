/**
 * The session over HTTP. The credential itself is an HttpOnly cookie that no script can read; the page holds only
 * the CSRF nonce and who it is.
 */
const TIMEOUT_MILLISECONDS = 10_000;
const TOKEN_IN_HASH = /^#token=([A-Za-z0-9._~-]{1,512})$/;
const CODE_IN_HASH = /^#login=([A-Za-z0-9._~-]{1,512})$/;
const SETUP_IN_HASH = /^#setup=([A-Za-z0-9._~-]{1,512})$/;

/**
 * Takes a one-time code out of the address bar before anything else, so that it stays in no history.
 * @returns {string | null}
 */
export function takeLoginCode() { return takeCode('#login=', CODE_IN_HASH); }

/**
 * Takes the code of the set-up link out of the address bar.
 * @returns {string | null}
 */
export function takeSetupCode() { return takeCode('#setup=', SETUP_IN_HASH); }

function takeCode(beginning, pattern) {
  if (!location.hash.startsWith(beginning)) return null;
  const found = pattern.exec(location.hash);
  history.replaceState(null, '', `${location.pathname}${location.search}#/overview`);
  return found === null ? null : found[1];
}

/**
 * Takes a display's token out of the address bar, so that nobody photographs it; the rest of the address stays.
 * @returns {string | null}
 */
export function takeWallToken() {
  const found = TOKEN_IN_HASH.exec(location.hash);
  if (location.hash !== '') history.replaceState(null, '', `${location.pathname}${location.search}`);
  return found === null ? null : found[1];
}

/** @returns {Promise<{found: true, csrf: string, who: object} | {found: false} | {unreachable: true}>} */
export async function checkSession() {
  const response = await fetch('/api/session', { headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  if (response.status === 401 || response.status === 403) return { found: false };
  if (!response.ok) return { unreachable: true };
  return found(await response.json());
}

/**
 * @param {{code: string} | {token: string} | {name: string, password: string, totp?: string}} secret
 * @returns {Promise<{ok: true} | {ok: false, reason: string, needsCode?: boolean}>} `needsCode`: all but the second factor is right
 */
export function openSession(secret) {
  return post('/api/session', secret, async (response) => {
    if (response.status === 401 && 'name' in secret && (await response.json()).needs === 'totp') {
      return { needsCode: true, reason: 'totp' in secret ? 'This code is not right, or was used already. Wait for the next one.' : 'Enter the code that your app shows now.' };
    }
    if (response.status === 401 && 'name' in secret) return { reason: 'No user has this name and this password.' };
    if (response.status === 401 || response.status === 403) {
      return { reason: 'The gateway does not know it. Codes work once and for a short time; tokens can be revoked or expire.' };
    }
    return response.status === 503 ? { reason: 'The gateway has too much to do. Try again in a moment.' } : null;
  });
}

/** @returns {Promise<boolean | null>} whether the first admin is still to be made; null if that is not known */
export async function setupIsOpen() {
  const answer = await getJSON('/api/setup', AbortSignal.timeout(TIMEOUT_MILLISECONDS));
  return answer.ok && typeof answer.value.open === 'boolean' ? answer.value.open : null;
}

/**
 * Makes the first admin, whose session it opens.
 * @param {{code: string, name: string, password: string}} admin
 * @returns {Promise<{ok: true} | {ok: false, reason: string, field?: 'name' | 'password', ended?: boolean}>} `ended`: this
 *   link makes nobody an admin any more
 */
export function setUp(admin) {
  return post('/api/setup', admin, async (response) => {
    if (response.status === 409) return { ended: true, reason: 'This gateway has an admin already. Sign in, or ask them to let you in.' };
    if (response.status === 401) return { ended: true, reason: 'This set-up link has ended: it works for an hour, and until the gateway is started again. The next start prints another one.' };
    if (response.status === 400) {
      const { needs, detail } = await response.json();
      if (needs === 'name' || needs === 'password') return { field: needs, reason: sentence(detail) };
    }
    return response.status === 503 ? { reason: 'The gateway could not do it just now. Try again in a moment; its log says more.' } : null;
  });
}

/**
 * Sends what opens a session.
 * @param {string} path
 * @param {object} value
 * @param {(response: Response) => Promise<{reason: string} | null>} refusal the words of this route for an answer, null if it has none of its own
 */
async function post(path, value, refusal) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(value),
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    if (response.ok) return { ok: true };
    const own = await refusal(response);
    if (own !== null) return { ok: false, ...own };
    if (response.status === 429) return { ok: false, reason: 'Too many attempts. Wait a minute.' };
    return { ok: false, reason: `The gateway answered ${response.status}.` };
  } catch {
    return { ok: false, reason: 'The gateway cannot be reached.' };
  }
}

/**
 * @param {string} csrf
 * @param {boolean} everywhere whether all sessions of the same user end
 * @returns {Promise<boolean>} whether the gateway has done it
 */
export async function closeSession(csrf, everywhere) {
  try {
    const response = await fetch(everywhere ? '/api/sessions' : '/api/session', { method: 'DELETE', headers: { 'X-CSRF-Token': csrf }, signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * @param {string} path below /api/
 * @returns {Promise<{ok: true, value: any} | {ok: false, status: number}>}
 */
export async function getJSON(path, signal) {
  try {
    const response = await fetch(path, { headers: { Accept: 'application/json' }, cache: 'no-store', signal });
    if (!response.ok) return { ok: false, status: response.status };
    return { ok: true, value: await response.json() };
  } catch {
    return { ok: false, status: 0 };
  }
}

/** What the gateway says, as a sentence of a page. */
function sentence(detail) {
  const text = typeof detail === 'string' && detail !== '' ? detail : 'it cannot be taken';
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

function found(body) {
  return { found: true, csrf: typeof body.csrf === 'string' ? body.csrf : '', who: typeof body.who === 'object' && body.who !== null ? body.who : {} };
}
