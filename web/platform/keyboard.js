/** Keys of the whole page. Single keys rest while somebody types, a dialog is open, or they are switched off. */
import { preference } from './preferences.js';

const SEQUENCE_MILLISECONDS = 1_200;
const GOTO = new Map([['o', 'overview'], ['t', 'tasks'], ['q', 'queues'], ['w', 'workers'], ['a', 'activity'], ['l', 'audit']]);

/**
 * @param {{go: (page: string) => void, search: () => void, help: () => void, palette: () => void, move: (step: 1 | -1) => void,
 *   select: () => void, back: () => void, dialogIsOpen: () => boolean}} actions
 */
export function listenToKeys(actions) {
  let sequenceAt = -Infinity;
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (!actions.dialogIsOpen()) actions.palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || actions.dialogIsOpen()) return;
    if (event.key === 'Escape') {
      if (isTyping(event.target)) event.target.blur();
      else actions.back();
      return;
    }
    if (isTyping(event.target) || preference('keys', 'on') !== 'on') return;
    const inSequence = event.timeStamp - sequenceAt < SEQUENCE_MILLISECONDS;
    sequenceAt = -Infinity;
    if (inSequence && GOTO.has(event.key)) actions.go(GOTO.get(event.key));
    else if (event.key === 'g') sequenceAt = event.timeStamp;
    else if (event.key === '/') actions.search();
    else if (event.key === '?') actions.help();
    else if (event.key === 'j') actions.move(1);
    else if (event.key === 'k') actions.move(-1);
    else if (event.key === 'x') actions.select();
    else return;
    if (event.key !== 'g') event.preventDefault();
  });
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox]):not([type=radio])'));
}
