/** The page that the set-up link of a first start opens: it makes the first admin. */
import { PASSWORD_BYTES, NAME_BYTES, setupProblems } from '../core/commands/setup-form.js';
import { setUp } from '../platform/session.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { mark } from './mark.js';

/**
 * @param {string} code of the link
 * @param {{done: () => void, ended: (reason: string) => void}} after `done`: signed in; `ended`: the link makes nobody an admin
 */
export function setupPage(code, after) {
  return h('main', { class: 'sign-in', id: 'main', 'data-testid': 'setup' },
    h('div', { class: 'sign-in-card' },
      h('div', { class: 'sign-in-brand' }, mark(), h('span', { text: 'Celeriac' })),
      h('h1', { text: 'Make the first admin' }),
      h('p', { text: 'Nobody can sign in to this gateway yet. Who opens its set-up link becomes its admin, once: they may do everything here, and let others in.' }),
      setupForm(code, after),
    ));
}

function setupForm(code, after) {
  const secret = { type: 'password', autocomplete: 'new-password', maxlength: String(PASSWORD_BYTES.most), required: true };
  const fields = {
    name: field('name', 'Name', 'You sign in with it, and it stands beside what you do.', { type: 'text', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: String(NAME_BYTES.most), required: true }),
    password: field('password', 'Password', `At least ${PASSWORD_BYTES.least} characters; longer is better than stranger.`, secret),
    again: field('again', 'Password, once more', '', secret),
  };
  const words = h('p', { class: 'field-problem setup-note', role: 'alert' });
  const shown = h('input', { type: 'checkbox', id: 'setup-shown', on: { change: () => { for (const { input } of [fields.password, fields.again]) setAttr(input, 'type', shown.checked ? 'text' : 'password'); } } });
  const go = h('button', { type: 'submit', class: 'button filled', 'data-testid': 'setup-go' }, h('span', { text: 'Make admin and sign in' }));
  const values = () => Object.fromEntries(Object.entries(fields).map(([name, { input }]) => [name, input.value]));
  const show = (problems) => {
    for (const [name, { say }] of Object.entries(fields)) say(problems[name] ?? '');
    for (const name of Object.keys(fields)) if (problems[name]) return fields[name].input.focus();
    return undefined;
  };
  for (const [name, { input, say }] of Object.entries(fields)) {
    // What is said while somebody goes on: only of a field that was filled, and never while it is typed in.
    input.addEventListener('change', () => say(input.value === '' ? '' : (setupProblems(values())[name] ?? '')));
  }
  const submit = async (event) => {
    event.preventDefault();
    const problems = setupProblems(values());
    show(problems);
    setText(words, '');
    if (Object.keys(problems).length > 0) return;
    go.disabled = true;
    const { name, password } = values();
    const answer = await setUp({ code, name: name.trim(), password });
    go.disabled = false;
    if (answer.ok) after.done();
    else if (answer.ended) after.ended(answer.reason);
    else if (answer.field) show({ [answer.field]: answer.reason });
    else setText(words, answer.reason);
  };
  return h('form', { class: 'setup-form', novalidate: true, on: { submit } },
    ...Object.values(fields).map(({ node }) => node),
    h('p', { class: 'check' }, shown, h('label', { for: shown.id, text: 'Show the password' })),
    words, go);
}

/** A field whose complaint has its place beforehand, so that nothing moves when it comes. */
function field(name, label, help, attributes) {
  const id = `setup-${name}`;
  const input = h('input', { ...attributes, id, class: 'field-input', 'data-testid': id, 'aria-describedby': `${id}-note` });
  const note = h('p', { class: 'field-help setup-note', id: `${id}-note`, 'aria-live': 'polite', text: help });
  const say = (problem) => {
    setText(note, problem === '' ? help : problem);
    note.classList.toggle('field-problem', problem !== '');
    setAttr(input, 'aria-invalid', problem === '' ? null : 'true');
  };
  return { input, say, node: h('div', { class: 'field' }, h('label', { for: id, text: label }), input, note) };
}
