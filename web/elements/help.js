/** What the keys do, and how to switch the single ones off. */
import { preference, setPreference } from '../platform/preferences.js';
import { h } from '../platform/dom.js';
import { openDialog } from './dialogs.js';

const KEYS = [
  ['g then o', 'Overview'], ['g then t', 'Tasks'], ['g then q', 'Queues'], ['g then w', 'Workers'], ['g then a', 'Activity'], ['g then l', 'Audit (the log)'],
  ['/', 'Search or filter'], ['Ctrl K', 'Go to anything'], ['j  k', 'Next, previous row'], ['Enter', 'Open the row'], ['x', 'Select the row'],
  ['Esc', 'Back, or close'], ['?', 'This help'],
];

export function openHelp(app) {
  const toggle = h('input', { type: 'checkbox', id: 'single-keys' });
  toggle.checked = preference('keys', 'on') === 'on';
  toggle.addEventListener('change', () => setPreference('keys', toggle.checked ? 'on' : 'off'));
  const { session, freshness, invalidFrames } = app.client;
  openDialog({
    title: 'Keyboard',
    testid: 'dialog-help',
    body: [
      h('dl', { class: 'keys' }, ...KEYS.map(([key, text]) => h('div', null, h('dt', null, ...key.split(' ').filter((part) => part !== '').map((part) => (part === 'then' ? h('span', { text: ' then ' }) : h('kbd', { text: part })))), h('dd', { text })))),
      h('p', { class: 'check' }, toggle, h('label', { for: 'single-keys', text: 'Single keys act (switch off if they collide with your tools)' })),
      h('p', { class: 'form-note num', text: session ? `Session ${session.session ?? '–'} · epoch ${session.epoch ?? '–'} · refused frames ${invalidFrames} · shed ${freshness.shed}` : 'Not connected' }),
    ],
  });
}
