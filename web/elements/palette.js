/** Ctrl/Cmd-K: go anywhere, do anything, by typing. */
import { runnableNames } from '../core/state/selectors.js';
import { RUNNING_STATES } from '../core/format/states.js';
import { line } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr } from '../platform/dom.js';
import { glyph } from '../platform/icons.js';
import { openDialog } from './dialogs.js';
import { OFFERS } from './offers.js';
import { openRunDialog } from './run-dialog.js';
import { openSignOut } from './sign-out.js';

const SHOWN = 12;

/** @param {import('../app.js').App} app @param {string} [start] */
export function openPalette(app, start = '') {
  const entries = collect(app);
  const list = h('ul', { class: 'palette-list', role: 'listbox', id: 'palette-list', 'aria-label': 'Results' });
  const input = h('input', { type: 'text', class: 'palette-input', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-list', 'aria-label': 'Search pages, workers, queues, tasks and actions', placeholder: 'Search pages, workers, queues, tasks, actions; or paste a task id', autocomplete: 'off', spellcheck: 'false', 'data-testid': 'palette-input', value: start });
  let shown = [];
  let chosen = 0;

  const draw = () => {
    shown = match(entries, input.value.trim());
    chosen = Math.min(chosen, Math.max(0, shown.length - 1));
    list.replaceChildren(...shown.map((entry, index) => h('li', { role: 'option', id: `palette-${index}`, 'aria-selected': index === chosen ? 'true' : 'false', 'aria-disabled': entry.refused ? 'true' : null, class: 'palette-item', on: { click: () => act(entry) } }, glyph(entry.icon), h('span', { class: 'palette-name', text: entry.name }), h('span', { class: 'palette-kind', text: entry.kind }))));
    if (shown.length === 0) list.append(h('li', { class: 'palette-none', role: 'option', 'aria-selected': 'false', text: 'Nothing found' }));
    setAttr(input, 'aria-activedescendant', shown.length > 0 ? `palette-${chosen}` : null);
  };
  const act = (entry) => {
    if (entry.refused) return;
    dialog.close();
    if (entry.href) location.hash = entry.href;
    else entry.act();
  };
  input.addEventListener('input', () => { chosen = 0; draw(); });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      chosen = shown.length === 0 ? 0 : (chosen + (event.key === 'ArrowDown' ? 1 : shown.length - 1)) % shown.length;
      draw();
      document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && shown.length > 0) {
      event.preventDefault();
      act(shown[chosen]);
    }
  });
  const dialog = openDialog({ title: 'Go to', testid: 'dialog-palette', body: [input, list], wide: true });
  dialog.node.classList.add('palette');
  input.focus();
  draw();
}

function collect(app) {
  const { topics } = app.client;
  const entries = [
    ['Overview', 'overview'], ['Tasks', 'tasks'], ['Queues', 'queues'], ['Workers', 'workers'], ['Activity', 'activity'], ...(app.role === 'admin' ? [['Audit', 'audit']] : []),
  ].map(([name, page]) => ({ name, kind: 'page', icon: page, href: formatRoute(page) }));
  for (const [command, { words, icon, open }] of OFFERS) {
    const refusal = app.actions.refusal(command);
    entries.push({ name: words, kind: refusal === '' ? 'command' : refusal, icon, refused: refusal !== '', alias: command, act: () => open(app, command) });
  }
  entries.push(
    { name: 'Failed tasks', kind: 'page', icon: 'tasks', href: formatRoute('tasks', null, [['state', 'FAILURE']]) },
    { name: 'Running tasks', kind: 'page', icon: 'tasks', href: formatRoute('tasks', null, [['state', RUNNING_STATES.join(',')]]) },
    { name: 'Change colour scheme', kind: 'action', icon: 'scheme', act: () => app.nextScheme() },
    { name: 'Keyboard help', kind: 'action', icon: 'help', act: () => app.openHelp() },
    { name: 'Sign out', kind: 'action', icon: 'person', act: () => openSignOut(app) },
  );
  for (const { id } of topics.get('queues').rows) entries.push({ name: line(id, 200), kind: 'queue', icon: 'queues', href: formatRoute('queues', id) });
  for (const { id } of topics.get('workers').rows) entries.push({ name: line(id, 200), kind: 'worker', icon: 'workers', href: formatRoute('workers', id) });
  for (const name of runnableNames(topics.get('workers').rows, topics.get('stats').rows)) {
    entries.push({ name: line(name, 200), kind: 'tasks of this name', icon: 'tasks', href: formatRoute('tasks', null, [['name', name]]) });
    entries.push({ name: `Run ${line(name, 200)}`, kind: 'action', icon: 'run', act: () => openRunDialog(app, { task: name }) });
  }
  return entries;
}

function match(entries, text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const found = [];
  for (const entry of entries) {
    const name = entry.name.toLowerCase();
    const all = `${name} ${entry.kind} ${entry.alias ?? ''}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) continue;
    found.push({ entry, score: words.length > 0 && name.startsWith(words[0]) ? 0 : 1 });
  }
  found.sort((a, b) => a.score - b.score);
  const shown = found.slice(0, SHOWN).map(({ entry }) => entry);
  if (/^[0-9a-zA-Z._:-]{8,255}$/.test(text) && /\d/.test(text)) {
    shown.unshift({ name: `Task ${text}`, kind: 'open this id', icon: 'tasks', href: formatRoute('tasks', text) });
  }
  return shown;
}
