/** What workers answered to a question, each with its own words. */
import { line, text } from '../core/format/text.js';
import { plural } from '../core/format/number.js';
import { h } from '../platform/dom.js';
import { getJSON } from '../platform/session.js';
import { openDialog } from './dialogs.js';
import { emptyState, skeleton } from './parts.js';

/** Answers shown; one fleet may have a thousand. */
const SHOWN = 50;

/** @param {{id: string, title: string}} command */
export async function openAnswers({ id, title }) {
  const body = h('div', { class: 'stack', 'data-testid': 'answers' }, skeleton(4));
  const dialog = openDialog({ title: `${line(title, 80)}: answers`, testid: 'dialog-answers', body: [body], wide: true });
  const read = await getJSON(`/api/celery/commands/${encodeURIComponent(id)}`);
  if (!dialog.node.open) return;
  if (!read.ok) {
    body.replaceChildren(emptyState('answers', 'The answers could not be read', read.status === 0 ? 'The gateway does not answer.' : read.status === 404 ? 'The gateway does not know this command any more.' : `The gateway answered ${read.status}.`));
    return;
  }
  const answers = Object.entries(read.value.answers ?? {});
  if (answers.length === 0) {
    body.replaceChildren(emptyState('answers', 'No answer is kept', 'Answers are kept in memory, for the last 64 questions. Ask again.'));
    return;
  }
  const more = answers.length - SHOWN;
  body.replaceChildren(...answers.slice(0, SHOWN).map(([worker, answer]) => h('section', { class: 'answer' },
    h('h3', { class: 'answer-worker', text: line(worker, 200) }), h('pre', { class: 'code', tabindex: '0', 'aria-label': `Answer of ${line(worker, 200)}`, text: words(answer) }))),
  more > 0 ? h('p', { class: 'form-note', text: `and ${plural(more, 'more answer')}` }) : '');
}

/** A report is a text within `ok`; everything else is shown as it came, with its lines. */
function words(answer) {
  if (typeof answer === 'object' && answer !== null && Object.keys(answer).length === 0) return 'Nothing.';
  const own = typeof answer?.ok === 'string' ? answer.ok : answer;
  return text(typeof own === 'string' ? own.trim() : JSON.stringify(own, null, 2));
}
