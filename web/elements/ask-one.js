/** Asks for one of many things by name, before a command that is about it. */
import { h } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { datalist, FormField, textInput } from './form-field.js';
import { button } from './parts.js';

/**
 * @param {{title: string, label: string, names: string[], yes?: string}} question
 * @returns {Promise<string | null>} null if it was left
 */
export function askOne({ title, label, names, yes = 'Continue' }) {
  return new Promise((resolve) => {
    let answer = null;
    const field = new FormField('ask-one', label, textInput(names.length === 0 ? 'There is none now' : '', 'ask-one-names'));
    const take = () => {
      const name = field.value.trim();
      if (!names.includes(name)) {
        field.showProblem(name === '' ? 'This is needed.' : 'This is not known here.');
        field.focus();
        return;
      }
      answer = name;
      dialog.close();
    };
    const go = button(yes, { kind: 'filled', testid: 'ask-one-yes', onClick: take });
    const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); take(); }, input: () => field.showProblem('') } },
      field.node, datalist('ask-one-names', names), h('input', { type: 'submit', hidden: true }));
    const dialog = openDialog({ title, testid: 'dialog-ask', body: [form], actions: [button('Cancel', { onClick: () => dialog.close() }), go] });
    field.focus();
    dialog.closed.then(() => resolve(answer));
  });
}
