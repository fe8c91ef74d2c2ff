/** The second look before many tasks are touched: the plan that the gateway made, task by task. */
import { count, plural } from '../core/format/number.js';
import { taskStatus } from '../core/format/states.js';
import { line, shortId } from '../core/format/text.js';
import { describeError } from '../core/protocol/errors.js';
import { formatRoute } from '../core/query/route.js';
import { h, setHidden, setText } from '../platform/dom.js';
import { openDialog } from './dialogs.js';
import { button, setRefusal, skeleton, StateChip } from './parts.js';

const SHOWN = 100;
const SECOND = 1_000;
const VERBS = new Map([
  ['task.revoke', { verb: 'Revoke', what: 'They will not be started: workers are told to skip them.', running: 'are running already and will go on' }],
  ['task.retry', { verb: 'Retry', what: 'Each is sent again as a new task with the same arguments.', running: '' }],
]);

/**
 * @param {import('../app.js').App} app
 * @param {'task.revoke' | 'task.retry'} cmd
 * @param {unknown[]} where the filter, `['and']` for all
 */
export async function openBulkDialog(app, cmd, where) {
  const { verb, what, running } = VERBS.get(cmd);
  const body = h('div', { class: 'bulk' }, skeleton(4));
  const yes = button(verb, { kind: cmd === 'task.revoke' ? 'filled danger' : 'filled', testid: 'bulk-yes' });
  const no = button('Cancel', { testid: 'bulk-no', onClick: () => dialog.close() });
  setRefusal(yes, 'The list is being made.');
  const dialog = openDialog({ title: `${verb} all tasks that match`, testid: 'dialog-bulk', body: [body], actions: [no, yes], wide: true });
  no.focus();
  let plan;
  try {
    plan = await app.client.request('cmd.plan', { cmd, where });
  } catch (error) {
    const words = describeError(error);
    setRefusal(yes, words.title);
    body.replaceChildren(h('p', { class: 'dialog-lead', 'data-testid': 'bulk-problem', text: `${words.title}: ${words.detail}` }));
    return;
  }
  const ends = performance.now() + plan.ttlMs;
  const left = h('p', { class: 'form-note', 'data-testid': 'bulk-left' });
  setText(yes.lastChild, `${verb} ${plural(plan.count, 'task')}`);
  const started = plan.tasks.filter(({ state }) => state === 'STARTED').length;
  const points = [
    what,
    ...(started > 0 && running !== '' ? [`${count(started)} of the first ${count(plan.tasks.length)} ${running}.`] : []),
    ...Object.entries(plan.skipped ?? {}).map(([reason, number]) => `${plural(number, 'task')} that match will not be touched: ${line(reason, 200)}.`),
  ];
  body.replaceChildren(
    h('p', { class: 'dialog-lead', 'data-testid': 'bulk-lead', text: plan.count === 0 ? 'No task that matches can be dealt with.' : `Exactly these ${plural(plan.count, 'task')}, and no other that comes meanwhile:` }),
    table(plan), h('ul', { class: 'points' }, ...points.map((point) => h('li', { text: point }))), left);
  setHidden(left, plan.count === 0);
  const tick = () => {
    const seconds = Math.ceil((ends - performance.now()) / SECOND);
    setText(left, seconds > 0 ? `The list holds for ${plural(seconds, 'more second')}.` : 'The list is older than a minute. Close this and ask again.');
    setRefusal(yes, plan.count === 0 ? 'There is nothing to do.' : seconds <= 0 ? 'The list is older than a minute.' : app.actions.refusal(cmd));
  };
  tick();
  const timer = setInterval(tick, SECOND);
  dialog.closed.then(() => clearInterval(timer));
  yes.addEventListener('click', () => {
    if (yes.getAttribute('aria-disabled') === 'true') return;
    dialog.close();
    app.tray.submit(cmd, { plan: plan.plan }, { label: `${verb} ${plural(plan.count, 'task')}`, href: formatRoute('activity') });
  });
}

function table(plan) {
  const rows = plan.tasks.slice(0, SHOWN).map((task) => h('tr', null,
    h('td', null, new StateChip(taskStatus(task.state)).node), h('td', { text: line(task.name ?? '–', 120) }), h('td', { class: 'mono', title: line(task.id, 512), text: shortId(task.id) }), h('td', { text: line(task.queue ?? '', 80) }), h('td', { text: line(task.worker ?? '', 80) })));
  const more = plan.count - rows.length;
  return h('div', { class: 'bulk-list', tabindex: '0', role: 'region', 'aria-label': 'Tasks of the plan', hidden: plan.count === 0 },
    h('table', { class: 'bulk-table' }, h('thead', null, h('tr', null, ...['State', 'Task', 'Id', 'Queue', 'Worker'].map((text) => h('th', { scope: 'col', text })))), h('tbody', null, ...rows)),
    more > 0 ? h('p', { class: 'form-note', text: `and ${count(more)} more` }) : null);
}
