/** One waiting message: delete it, move it to another queue, or change its urgency. Each says before what it will do. */
import { priorityOf, priorityWords, urgencyOf } from '../core/commands/priority.js';
import { prioritySteps } from '../core/state/selectors.js';
import { line, shortId } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setText } from '../platform/dom.js';
import { confirm, openDialog } from './dialogs.js';
import { datalist, FormFields, textInput } from './form-field.js';
import { button, setRefusal } from './parts.js';
import { keepField, undoOf } from './undo.js';
import { urgencyInput } from './urgency.js';

/** @typedef {{queue: string, message: object, done: () => void}} Target `done` runs when the outcome is known */

/** How a message is named: its tag, or the digest of one whose tag cannot be read. */
function addressOf({ queue, message }) {
  return typeof message.deliveryTag === 'string' ? { queue, deliveryTag: message.deliveryTag } : { queue, digest: message.digest };
}

function nameOf(message) {
  const name = typeof message.name === 'string' ? line(message.name, 80) : 'a message';
  return typeof message.id === 'string' ? `${name} (${shortId(message.id)})` : name;
}

function send(app, command, args, target, label, offer = null) {
  app.tray.submit(command, { ...addressOf(target), ...args }, { label, href: formatRoute('queues', target.queue), settled: () => target.done(), offer });
}

/** @param {import('../app.js').App} app @param {Target} target */
export async function deleteMessage(app, target) {
  const what = nameOf(target.message);
  const keep = keepField('delete-keep');
  const yes = await confirm({
    title: 'Delete this message?',
    lead: `${what} is taken out of ${line(target.queue, 80)} and put into its trash: it will not run unless it is put back.`,
    points: ['Exactly this message is removed: if a worker takes it first, nothing happens and you are told.'],
    extra: keep.node,
    yes: 'Delete 1 message',
  });
  if (yes) send(app, 'message.delete', keep.args(), target, `Delete ${what}`, (row) => undoOf(app, row));
}

/** @param {import('../app.js').App} app @param {Target} target */
export function moveMessage(app, target) {
  const queues = [...app.client.topics.get('queues').rows].map(({ id }) => id).filter((id) => id !== target.queue);
  const fields = new FormFields('move');
  const what = nameOf(target.message);
  openMessageForm(app, {
    title: 'Move this message', command: 'message.move', testid: 'dialog-move', yes: 'Move 1 message',
    lead: `${what} leaves ${line(target.queue, 80)} and waits behind those of its step in the other queue. Its body stays as it is, byte for byte.`,
    fields: [
      fields.add('to', 'To queue', textInput('', 'move-queues')), datalist('move-queues', queues),
      fields.add('urgency', 'Urgency', urgencyInput(stepsOf(app), 'Keeps its own')),
    ],
    read: () => {
      const { to, urgency } = fields.values();
      const problem = to.trim() === '' ? 'This is needed.' : to.trim() === target.queue ? 'It is in this queue already.' : new TextEncoder().encode(to.trim()).length > 255 ? 'At most 255 bytes.' : '';
      const args = { to: to.trim(), ...(urgency === '' ? {} : { priority: priorityOf(Number(urgency)) }) };
      return { args, problem, note: queues.includes(args.to) || problem !== '' ? '' : 'No such queue is known here: the message waits there until a worker consumes it.' };
    },
    show: (problem, all) => fields.showProblems(new Map(problem === '' ? [] : [['to', problem]]), all),
    first: fields.get('to'),
    submit: (args) => send(app, 'message.move', args, target, `Move ${what} to ${line(args.to, 80)}`),
  });
}

/** @param {import('../app.js').App} app @param {Target} target */
export function prioritizeMessage(app, target) {
  const fields = new FormFields('prioritize');
  const what = nameOf(target.message);
  const now = Number.isInteger(target.message.priority) ? target.message.priority : target.message.step;
  const input = urgencyInput(stepsOf(app), null);
  input.value = String(urgencyOf(now));
  openMessageForm(app, {
    title: 'Change its urgency', command: 'message.prioritize', testid: 'dialog-prioritize', yes: 'Set urgency of 1 message',
    lead: `${what} has urgency ${urgencyOf(now)} now. It will wait behind those of its new step.`,
    fields: [fields.add('urgency', 'Urgency', input, { className: 'wide' })],
    read: () => {
      const priority = priorityOf(Number(fields.values().urgency));
      return { args: { priority }, problem: '', note: priorityWords(priority, stepsOf(app)) };
    },
    show: () => {},
    first: fields.get('urgency'),
    submit: (args) => send(app, 'message.prioritize', args, target, `Set ${what} to urgency ${urgencyOf(args.priority)}`),
  });
}

/** @param {import('../app.js').App} app @returns {number[]} the broker's priority steps */
function stepsOf(app) {
  return prioritySteps(app.client.topics.get('queues').rows);
}

/** @param {import('../app.js').App} app */
function openMessageForm(app, { title, command, testid, yes, lead, fields, read, show, first, submit }) {
  const note = h('p', { class: 'form-note', role: 'status' });
  const go = button(yes, { kind: 'filled', testid: 'message-submit' });
  let touched = false;
  const check = () => {
    const found = read();
    show(found.problem, touched);
    setText(note, found.note);
    setRefusal(go, app.actions.refusal(command));
    return found;
  };
  const take = () => {
    touched = true;
    const { args, problem } = check();
    if (problem !== '') first.focus();
    if (problem !== '' || app.actions.refusal(command) !== '') return;
    dialog.close();
    submit(args);
  };
  const form = h('form', { class: 'run-form', novalidate: true, on: { submit: (event) => { event.preventDefault(); take(); }, input: check, change: check } },
    h('p', { class: 'dialog-lead', text: lead }), h('div', { class: 'run-fields' }, ...fields), note, h('input', { type: 'submit', hidden: true }));
  go.addEventListener('click', take);
  const dialog = openDialog({ title, testid, body: [form], actions: [button('Cancel', { onClick: () => dialog.close() }), go] });
  check();
  first.focus();
}
