/** Columns of task tables, shared by the overview and the tasks page. */
import { taskEnded, taskStatus } from '../core/format/states.js';
import { duration } from '../core/format/time.js';
import { line, shortId } from '../core/format/text.js';
import { formatRoute } from '../core/query/route.js';
import { h, setAttr, setText } from '../platform/dom.js';
import { setTime, StateChip, timeNode } from '../elements/parts.js';

export function stateColumn(hasLeft = () => false) {
  return {
    key: 'state', label: 'State', class: 'c-state',
    cell: () => {
      const chip = new StateChip();
      const left = h('span', { class: 'left-mark', hidden: true, text: 'left' });
      return {
        node: h('span', { class: 'cell-line' }, chip.node, left),
        update: (task) => {
          chip.set(taskStatus(task.state), task.reason ? line(task.reason) : '');
          left.hidden = !hasLeft(task);
        },
      };
    },
  };
}

export function nameColumn() {
  return {
    key: 'name', label: 'Task', class: 'c-name',
    cell: () => {
      const link = h('a', { class: 'task-name' });
      const id = h('span', { class: 'task-id' });
      return {
        node: h('span', { class: 'cell-line' }, link, id),
        update: (task) => {
          setText(link, line(task.name ?? '(name not known)', 160));
          setAttr(link, 'href', formatRoute('tasks', task.id));
          setText(id, shortId(task.id));
          setAttr(id, 'title', line(task.id));
        },
      };
    },
  };
}

export function queueColumn() {
  return linkColumn('queue', 'Queue', 'queues');
}

export function workerColumn() {
  return linkColumn('worker', 'Worker', 'workers');
}

function linkColumn(field, label, page) {
  return {
    key: field, label, class: `c-${field}`,
    cell: () => {
      const link = h('a', { class: 'quiet-link' });
      return {
        node: link,
        update: (task) => {
          const value = task[field];
          setText(link, typeof value === 'string' ? line(value, 120) : '–');
          setAttr(link, 'href', typeof value === 'string' ? formatRoute(page, value) : null);
        },
      };
    },
  };
}

export function ageColumn(app, field, label) {
  return {
    key: field, label, class: 'c-age number',
    cell: () => {
      const node = timeNode();
      return { node, update: (task) => setTime(node, task[field] ?? task.seen, app.serverNow()) };
    },
  };
}

export function waitColumn() {
  return {
    key: 'wait', label: 'Wait', class: 'c-wait number',
    cell: () => {
      const node = h('span', { class: 'num' });
      return { node, update: (task) => setText(node, duration(task.wait)) };
    },
  };
}

/** How long it has run so far, or ran. */
export function runningColumn(app) {
  return {
    key: 'runtime', label: 'Run time', class: 'c-runtime number',
    cell: () => {
      const node = h('span', { class: 'num' });
      return { node, update: (task) => setText(node, runtimeWords(task, app.serverNow())) };
    },
  };
}

export function runtimeWords(task, now) {
  if (Number.isFinite(task.runtime)) return duration(task.runtime);
  if (Number.isFinite(task.started) && !taskEnded(task.state)) return duration(Math.max(0, Math.round(now - task.started)));
  return duration(undefined);
}

export function exceptionColumn() {
  return {
    key: 'exception', label: 'Exception', class: 'c-exception',
    cell: () => {
      const node = h('span', { class: 'exception' });
      return {
        node,
        update: (task) => {
          setText(node, line(task.exception ?? '–', 300));
          setAttr(node, 'title', task.exception ? line(task.exception, 2000) : null);
        },
      };
    },
  };
}
