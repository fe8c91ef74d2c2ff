/** Modal dialogs on the platform's own <dialog>: focus stays inside, Esc closes, focus goes back. */
import { h } from '../platform/dom.js';
import { button, iconButton } from './parts.js';

/**
 * @param {{title: string, testid: string, body: (Node | string)[], actions?: Node[], wide?: boolean, describe?: string}} parts
 * @returns {{node: HTMLDialogElement, close: () => void, closed: Promise<void>}}
 */
export function openDialog({ title, testid, body, actions = [], wide = false }) {
  const heading = h('h2', { class: 'dialog-title', id: `${testid}-title`, text: title });
  const node = h('dialog', { class: wide ? 'dialog wide' : 'dialog', 'data-testid': testid, 'aria-labelledby': `${testid}-title` });
  const close = () => node.close();
  node.append(
    h('div', { class: 'dialog-head' }, heading, iconButton('Close', 'close', { onClick: close })),
    h('div', { class: 'dialog-body' }, ...body),
    h('div', { class: 'dialog-actions', hidden: actions.length === 0 }, ...actions),
  );
  const closed = new Promise((resolve) => {
    node.addEventListener('close', () => {
      node.remove();
      resolve();
    });
  });
  node.addEventListener('pointerdown', (event) => { if (event.target === node) node.close(); });
  document.body.append(node);
  node.showModal();
  return { node, close, closed };
}

/** Whether a dialog is open: page-wide keys rest then. */
export function dialogIsOpen() {
  return document.querySelector('dialog[open]') !== null;
}

/**
 * Asks before something that cannot be undone. The name of the thing and the count are in the words of the button.
 * @param {{title: string, lead: string, points?: string[], extra?: Node | null, yes: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, lead, points = [], extra = null, yes, danger = true }) {
  return new Promise((resolve) => {
    let answer = false;
    const no = button('Cancel', { kind: 'text', testid: 'confirm-no', onClick: () => dialog.close() });
    const go = button(yes, { kind: danger ? 'filled danger' : 'filled', testid: 'confirm-yes', onClick: () => { answer = true; dialog.close(); } });
    const dialog = openDialog({
      title,
      testid: 'dialog-confirm',
      body: [
        h('p', { class: 'dialog-lead', 'data-testid': 'confirm-lead', text: lead }),
        points.length > 0 ? h('ul', { class: 'points' }, ...points.map((point) => h('li', { text: point }))) : '',
        extra ?? '',
      ],
      actions: [no, go],
    });
    no.focus();
    dialog.closed.then(() => resolve(answer));
  });
}
