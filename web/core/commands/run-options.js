/** What `task.run`, `task.group` and `task.chord` have in common: when, how long, and what goes along. */
import { readJSON } from './json-text.js';

/** As the gateway bounds them (docs/commands.md). */
const SECONDS = [['countdown', 0, 31_622_400], ['expires', 1, 31_622_400], ['softTimeLimit', 0.001, 31_536_000], ['timeLimit', 0.001, 31_536_000]];

/**
 * @param {Record<string, string>} form what the fields hold
 * @param {Record<string, any>} args gets what was read
 * @param {Map<string, string>} problems gets what is wrong, by field
 */
export function readRunOptions(form, args, problems) {
  for (const [name, least, most] of SECONDS) {
    const source = textOf(form, name);
    if (source === '') continue;
    const value = Number(source);
    if (!Number.isFinite(value) || value < least || value > most) problems.set(name, `Seconds, ${least} to ${most.toLocaleString('en-US')}.`);
    else args[name] = value;
  }
  readMoment(form, 'eta', 'eta', 'countdown', args, problems);
  readMoment(form, 'expiresAt', 'expires', 'expires', args, problems);
  if (textOf(form, 'headers') !== '') {
    const read = readJSON(form.headers, 'object');
    if ('problem' in read) problems.set('headers', read.problem);
    else args.headers = read.value;
  }
  if (form.ignoreResult === 'true' || form.ignoreResult === 'false') args.ignoreResult = form.ignoreResult === 'true';
  if (Number.isFinite(args.countdown) && Number.isFinite(args.expires) && args.expires <= args.countdown) problems.set('expires', 'It would expire before it starts.');
  if (typeof args.eta === 'string' && typeof args.expires === 'string' && args.expires <= args.eta) problems.set('expiresAt', 'It would expire before it starts.');
  if (args.softTimeLimit !== undefined && args.timeLimit !== undefined && args.softTimeLimit >= args.timeLimit) {
    problems.set('softTimeLimit', 'The soft limit must be shorter than the hard one, or it is never reached.');
  }
}

/** A time of this computer is sent with its zone. */
function readMoment(form, field, argument, other, args, problems) {
  const source = textOf(form, field);
  if (source === '') return;
  const moment = new Date(source);
  if (Number.isNaN(moment.getTime())) problems.set(field, 'A date and a time.');
  else if (args[other] !== undefined) problems.set(field, 'Either a delay or a time, not both.');
  else args[argument] = moment.toISOString();
}

function textOf(form, name) {
  return (form[name] ?? '').trim();
}
