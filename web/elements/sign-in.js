/** The page for somebody who is not signed in: a name and a password, a provider, or a link, code or token. */
import { providerName } from '../platform/openid.js';
import { openSession, setupIsOpen } from '../platform/session.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { mark } from './mark.js';

/**
 * @param {() => void} signedIn
 * @param {string} problem why the code of the link did not work, '' if there was none
 * @param {string} refusal why the provider's word did not work, '' if there was none
 */
export function signInPage(signedIn, problem = '', refusal = '') {
  return h('main', { class: 'sign-in', id: 'main', 'data-testid': 'sign-in' },
    h('div', { class: 'sign-in-card' },
      h('div', { class: 'sign-in-brand' }, mark(), h('span', { text: 'Celeriac' })),
      h('h1', { text: 'Not signed in' }),
      setupNote(),
      providerOffer(refusal),
      passwordForm(signedIn),
      h('h2', { text: 'With a link, code or token' }),
      h('p', { text: 'This gateway answers nobody without a credential. On the machine it runs on, print a link that works once:' }),
      h('pre', { class: 'command' }, h('code', { text: 'celeriac token link --data DIR' })),
      h('p', { class: 'muted', text: 'DIR is the folder the gateway was started with. Open the link in this browser, or paste it here. A token works too.' }),
      secretForm(signedIn, problem),
    ));
}

/** Shown if nobody could have signed in yet. */
function setupNote() {
  const note = h('p', { class: 'note', role: 'status', 'data-testid': 'setup-note', text: 'This gateway has no admin yet. Open the link that its start has printed, in this browser, to make the first one.' });
  setHidden(note, true);
  setupIsOpen().then((open) => setHidden(note, open !== true));
  return note;
}

/** Shown once it is known that there is a provider, and at once if it had something to say. */
function providerOffer(refusal) {
  const words = h('p', { class: 'field-problem', id: 'openid-problem', role: 'alert', text: refusal });
  setHidden(words, refusal === '');
  const label = h('span');
  const go = h('a', { class: 'button outlined', href: '/auth/oidc/start', 'aria-describedby': 'openid-problem', 'data-testid': 'sign-in-openid' }, label);
  const offer = h('div', { class: 'sign-in-offer' }, words, go);
  setHidden(go, true);
  setHidden(offer, refusal === '');
  providerName().then((name) => {
    if (name === null) return;
    setText(label, `Sign in with ${name}`);
    setHidden(go, false);
    setHidden(offer, false);
  });
  return offer;
}

function passwordForm(signedIn) {
  const described = { 'aria-describedby': 'password-problem' };
  const name = h('input', { type: 'text', id: 'name', class: 'field-input', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '128', ...described, 'data-testid': 'sign-in-name' });
  const password = h('input', { type: 'password', id: 'password', class: 'field-input', autocomplete: 'current-password', maxlength: '256', ...described, 'data-testid': 'sign-in-password' });
  const code = h('input', { type: 'text', id: 'totp', class: 'field-input mono', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: '6', ...described, 'data-testid': 'sign-in-totp' });
  const codeField = h('div', { class: 'field', hidden: true }, h('label', { for: 'totp', text: 'Code of your app' }), code);
  return form({
    id: 'password', fields: [['Name', name], ['Password', password]], extra: codeField, style: 'filled', testid: 'sign-in-go',
    read: () => {
      if (name.value.trim() === '' || password.value === '') return null;
      return [{ name: name.value.trim(), password: password.value, ...(codeField.hidden ? {} : { totp: code.value.trim() }) }];
    },
    empty: 'Enter your name and your password.',
    // The password stays in its field while the code is asked for: both are sent together.
    clear: (answer) => {
      code.value = '';
      if (!answer.needsCode) password.value = '';
      setHidden(codeField, !answer.needsCode);
      if (answer.needsCode) code.focus();
    },
  }, signedIn);
}

function secretForm(signedIn, problem) {
  const input = h('input', { type: 'password', id: 'credential', class: 'field-input mono', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'credential-problem', 'data-testid': 'sign-in-field' });
  return form({
    id: 'credential', fields: [['Link, code or token', input]], style: 'outlined', testid: 'sign-in-submit', problem,
    read: () => secretsOf(input.value.trim()),
    empty: 'Paste a token, a code, or the whole link.',
    clear: () => { input.value = ''; },
  }, signedIn);
}

/** Fields, what is wrong with them, and a button that tries what they hold, one after the other. */
function form({ id, fields, extra = '', style, testid, read, empty, clear, problem = '' }, signedIn) {
  const inputs = fields.map(([, input]) => input);
  const words = h('p', { class: 'field-problem', id: `${id}-problem`, role: 'alert', text: problem });
  setHidden(words, problem === '');
  const go = h('button', { type: 'submit', class: `button ${style}`, 'data-testid': testid }, h('span', { text: 'Sign in' }));
  const fail = (reason, needsMore = false) => {
    setText(words, reason);
    setHidden(words, false);
    for (const input of inputs) setAttr(input, 'aria-invalid', needsMore ? null : 'true');
    if (!needsMore) (inputs.find(({ value }) => value === '') ?? inputs[0]).focus();
  };
  const submit = async (event) => {
    event.preventDefault();
    if (openedSetup(inputs[0].value.trim())) return;
    const secrets = read();
    if (secrets === null) {
      fail(empty);
      return;
    }
    go.disabled = true;
    let answer = { ok: false, reason: empty };
    for (const secret of secrets) {
      answer = await openSession(secret);
      if (answer.ok) break;
    }
    go.disabled = false;
    clear(answer);
    if (answer.ok) signedIn();
    else fail(answer.reason, answer.needsCode);
  };
  return h('form', { on: { submit } }, ...fields.map(([label, input]) => h('div', { class: 'field' }, h('label', { for: input.id, text: label }), input)), extra, words, go);
}

/** A set-up link that was pasted leads to its own page, as if it had been opened. */
function openedSetup(text) {
  const link = /(#setup=[A-Za-z0-9._~-]{1,512})(?:\s|$)/.exec(text);
  if (link !== null) location.hash = link[1];
  return link !== null;
}

/** A pasted text does not say whether it is a code or a token; a code is tried first, for it is cheap to refuse. */
function secretsOf(text) {
  const link = /#login=([A-Za-z0-9._~-]{1,512})$/.exec(text);
  if (link !== null) return [{ code: link[1] }];
  return /^[A-Za-z0-9._~+/=-]{4,2048}$/.test(text) ? [{ code: text }, { token: text }] : null;
}
