/** Signing in at a provider of OpenID Connect: the browser goes there and comes back; the page only offers it, and says why it did not work. */
const TIMEOUT_MILLISECONDS = 10_000;
const REFUSAL_IN_HASH = /^#sign-in=([a-z]{1,32})$/;

/** What the gateway says in one word (`OpenIDRefusal` there), in sentences. */
const REFUSALS = new Map([
  ['unavailable', 'The provider does not answer as it should. Try again in a moment; the gateway’s log says more.'],
  ['expired', 'This sign-in is too old, was used, or was begun in another browser. Please begin again.'],
  ['denied', 'The provider did not let you in.'],
  ['invalid', 'What the provider says of you does not hold. The gateway’s log says why.'],
  ['unverified', 'The provider has not verified your e-mail address.'],
  ['unknown', 'You are known to the provider, but nobody has let you in here. Ask an admin of this gateway.'],
  ['removed', 'You were removed from this gateway. Ask an admin.'],
  ['taken', 'Somebody else has your name here. Ask an admin of this gateway.'],
  ['busy', 'The gateway has too much to do. Try again in a moment.'],
]);

/**
 * Takes the reason of a refusal out of the address bar.
 * @returns {string} a sentence, '' if there is none
 */
export function takeRefusal() {
  if (!location.hash.startsWith('#sign-in=')) return '';
  const found = REFUSAL_IN_HASH.exec(location.hash);
  history.replaceState(null, '', `${location.pathname}${location.search}#/overview`);
  return REFUSALS.get(found?.[1] ?? '') ?? 'The sign-in did not work.';
}

/** @returns {Promise<string | null>} what the provider is called; null if there is none */
export async function providerName() {
  try {
    const response = await fetch('/auth/oidc', { headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
    const { name } = response.ok ? await response.json() : {};
    return typeof name === 'string' ? name : null;
  } catch {
    // The other ways to sign in say that the gateway cannot be reached.
    return null;
  }
}
