/** The page for somebody who is not signed in: how to get a link, and a field for a code or token. */
import { openSession } from '../platform/session.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { mark } from './mark.js';

/**
 * @param {() => void} signedIn
 * @param {string} problem why the code of the link did not work, '' if there was none
 */
export function signInPage(signedIn, problem = '') {
  const input = h('input', { type: 'password', id: 'credential', class: 'field-input mono', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'credential-problem', 'data-testid': 'sign-in-field' });
  const words = h('p', { class: 'field-problem', id: 'credential-problem', role: 'alert', text: problem });
  setHidden(words, problem === '');
  const go = h('button', { type: 'submit', class: 'button filled', 'data-testid': 'sign-in-submit' }, h('span', { text: 'Sign in' }));
  const fail = (reason) => {
    setText(words, reason);
    setHidden(words, false);
    setAttr(input, 'aria-invalid', 'true');
    input.focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    const secret = secretOf(input.value.trim());
    if (secret === null) {
      fail('Paste a token, a code, or the whole link.');
      return;
    }
    go.disabled = true;
    // A pasted text does not say whether it is a code or a token; a code is tried first, for it is cheap to refuse.
    let answer = await openSession(secret);
    if (!answer.ok && 'code' in secret && secret.either) answer = await openSession({ token: secret.code });
    go.disabled = false;
    input.value = '';
    if (answer.ok) signedIn();
    else fail(answer.reason);
  };
  return h('main', { class: 'sign-in', id: 'main', 'data-testid': 'sign-in' },
    h('div', { class: 'sign-in-card' },
      h('div', { class: 'sign-in-brand' }, mark(), h('span', { text: 'Celeriac' })),
      h('h1', { text: 'Not signed in' }),
      h('p', { text: 'This gateway answers nobody without a credential. On the machine it runs on, print a link that works once:' }),
      h('pre', { class: 'command' }, h('code', { text: 'celeriac token link --data DIR' })),
      h('p', { class: 'muted', text: 'DIR is the folder the gateway was started with. Open the link in this browser, or paste it here. A token works too.' }),
      h('form', { on: { submit } }, h('div', { class: 'field' }, h('label', { for: 'credential', text: 'Link, code or token' }), input, words), go),
    ));
}

function secretOf(text) {
  const link = /#login=([A-Za-z0-9._~-]{1,512})$/.exec(text);
  if (link !== null) return { code: link[1] };
  if (!/^[A-Za-z0-9._~+/=-]{4,2048}$/.test(text)) return null;
  return { code: text, either: true, toJSON() { return { code: text }; } };
}
