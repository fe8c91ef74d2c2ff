/** Asks whether to end this browser's session only, or all of one's own. */
import { limitsWords } from '../core/format/limits-words.js';
import { line } from '../core/format/text.js';
import { h } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { button } from './parts.js';

/** @param {import('../app.js').App} app */
export function openSignOut(app) {
  const leave = (everywhere) => {
    dialog.close();
    app.signOut(everywhere);
  };
  const here = button('Sign out here', { kind: 'filled', testid: 'sign-out-here', onClick: () => leave(false) });
  const limits = limitsWords(app.who);
  const dialog = openDialog({
    title: 'Sign out',
    testid: 'dialog-sign-out',
    body: [h('p', { class: 'dialog-lead', text: 'Here ends the session of this browser. Everywhere ends all your sessions, also on other machines; open pages follow within 5 s.' }),
      limits === null ? null : h('p', { class: 'muted', 'data-testid': 'sign-out-limits', text: `Signed in as ${line(app.who.name ?? 'somebody', 60)}. ${limits.whole}` })],
    actions: [button('Sign out everywhere', { kind: 'text', testid: 'sign-out-everywhere', onClick: () => leave(true) }), here],
  });
  here.focus();
}
