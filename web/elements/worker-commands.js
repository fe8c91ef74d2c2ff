/** Everything one can tell some workers, with the reason where it cannot work. */
import { lackOf, lackOfAll } from '../core/commands/declared.js';
import { plural } from '../core/format/number.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr } from '../platform/dom.js';
import { commandWords, openCommandDialog } from './command-dialog.js';
import { openDialog } from './dialogs.js';
import { emptyState, setRefusal } from './parts.js';

/** @param {import('../app.js').App} app @param {object[]} workers */
export async function openWorkerCommands(app, workers) {
  const who = workers.length === 1 ? line(workers[0].id, 80) : plural(workers.length, 'worker');
  const list = h('ul', { class: 'command-list' });
  const dialog = openDialog({ title: `Commands for ${who}`, testid: 'dialog-commands', body: [list], wide: true });
  const catalog = await app.actions.catalog();
  if (catalog === null) {
    list.replaceWith(emptyState('workers', 'The commands could not be read', 'The gateway does not answer. Close this and try again.'));
    return;
  }
  for (const command of catalog.filter(({ name }) => name.startsWith('worker.'))) {
    const refused = () => app.actions.refusal(command.name, command) || lackOfAll(workers.map((worker) => current(app, worker)), command.name);
    const button = h('button', { type: 'button', class: 'command-item', 'data-testid': `command-${command.name}` },
      h('span', { class: 'command-name', text: commandWords(command.name) }), h('span', { class: 'command-summary', text: command.summary }));
    const reason = refused();
    setRefusal(button, reason);
    if (reason !== '') button.append(h('span', { class: 'command-lack', text: reason }));
    button.addEventListener('click', () => {
      if (button.getAttribute('aria-disabled') === 'true') return;
      dialog.close();
      give(app, command, workers, who, refused);
    });
    list.append(h('li', null, button));
  }
  const first = list.querySelector('button:not([aria-disabled])');
  first?.focus();
  setAttr(list, 'aria-label', `Commands for ${who}`);
}

function give(app, command, workers, who, refused) {
  // Those two have questions of their own.
  if (command.name === 'worker.restart') {
    app.actions.restart(workers);
    return;
  }
  if (command.name === 'worker.shutdown') {
    app.actions.shutdown(workers);
    return;
  }
  const lacking = workers.filter((worker) => lackOf(current(app, worker), command.name) !== '');
  openCommandDialog(app, command, {
    title: `${commandWords(command.name)}: ${who}`,
    points: lacking.length > 0 ? [`${plural(lacking.length, 'worker')} of them cannot do this: ${lackOf(current(app, lacking[0]), command.name)}`] : [],
    given: { workers: workers.map(({ id }) => id) },
    label: `${commandWords(command.name)} · ${who}`,
    href: workers.length === 1 ? formatRoute('workers', workers[0].id) : formatRoute('activity'),
    refusal: refused,
  });
}

function current(app, worker) {
  return app.client.topics.get('workers').get(worker.id);
}
