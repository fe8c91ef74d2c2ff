/**
 * The commands as the gateway declares them (`GET /api/celery/catalog`): who may give them, which workers cannot do them, and
 * what a form holds, checked as one types and turned into arguments.
 *
 * @typedef {{name: string, kind: string, type: string, help: string, required: boolean, roles?: string[], min?: number, max?: number, choices?: string[]}} Parameter
 * @typedef {{name: string, summary: string, roles: string[], destination: string, parameters: Parameter[], evidence: string, dangerous: boolean}} Command
 */
import { readJSON } from './json-text.js';
import { readSignaturesText } from './signature-form.js';

/** Arguments that a page fills in by itself. */
const GIVEN = new Set(['workers', 'all', 'plan', 'id', 'ids']);

/**
 * @param {Command} command
 * @param {string[]} [asked] arguments that no page has filled in this time
 * @returns {Parameter[]} what a person fills in, what is needed first
 */
export function fieldsOf(command, asked = []) {
  const fields = command.parameters.filter(({ name }) => !GIVEN.has(name) || asked.includes(name))
    .map((field) => (asked.includes(field.name) ? { ...field, required: field.required || field.name !== 'workers' } : field));
  return [...fields.filter(({ required }) => required), ...fields.filter(({ required }) => !required)];
}

/**
 * @param {Command} command
 * @param {string | undefined} role
 * @param {string} [argument] one that not everybody may use
 * @returns {string} why the role may not, '' if it may
 */
export function roleRefusal(command, role, argument) {
  const parameter = command.parameters.find(({ name }) => name === argument);
  const roles = parameter?.roles ?? command.roles;
  if (roles.includes(role ?? '')) return '';
  return `For ${roles.filter((name) => name !== 'bot').join(' and ')} only; you are signed in as ${role ?? 'nobody'}.`;
}

/**
 * Why a worker cannot do a command. Its row says `"<command> <command>…: <why>"`.
 * @param {{cannot?: string[], state?: string} | undefined} worker
 * @param {string} command such as `worker.poolGrow`, or `task.revoke+terminate`
 */
export function lackOf(worker, command) {
  if (worker === undefined) return 'This worker is not known.';
  if (worker.state === 'offline') return 'This worker is offline.';
  for (const line of Array.isArray(worker.cannot) ? worker.cannot : []) {
    const cut = line.indexOf(': ');
    if (cut > 0 && line.slice(0, cut).split(' ').includes(command)) return sentence(line.slice(cut + 2));
  }
  return '';
}

/**
 * Why none of some workers can do a command; '' if one can.
 * @param {object[]} workers
 */
export function lackOfAll(workers, command) {
  const lacks = workers.map((worker) => lackOf(worker, command));
  return lacks.length > 0 && lacks.every((lack) => lack !== '') ? lacks[0] : '';
}

/**
 * @param {Command} command
 * @param {Map<string, string>} texts what the fields hold; a flag holds 'true' or ''
 * @param {string[]} [asked] as of `fieldsOf`
 * @returns {{args: Record<string, any>, problems: Map<string, string>}}
 */
export function readFields(command, texts, asked = []) {
  const args = {};
  const problems = new Map();
  for (const field of fieldsOf(command, asked)) {
    const source = (texts.get(field.name) ?? '').trim();
    if (source === '') {
      if (field.required) problems.set(field.name, 'This is needed.');
      continue;
    }
    const read = readValue(field, source);
    if ('problem' in read) problems.set(field.name, read.problem);
    else args[field.name] = read.value;
  }
  if (args.countdown !== undefined && args.eta !== undefined) problems.set('eta', 'Either a delay or a time, not both.');
  if (args.min !== undefined && args.max !== undefined && args.min > args.max) problems.set('min', 'Not more than the most.');
  if (args.soft !== undefined && args.hard !== undefined && args.soft > args.hard) problems.set('soft', 'Not longer than the hard limit.');
  return { args, problems };
}

/** @param {Parameter} field @param {string} source @returns {{value: any} | {problem: string}} */
function readValue(field, source) {
  switch (field.kind) {
    case 'flag': return { value: source === 'true' };
    case 'integer':
    case 'seconds': {
      const value = Number(source);
      const whole = field.kind === 'integer';
      if (!Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < field.min || value > field.max) {
        return { problem: `${whole ? 'A whole number' : 'Seconds'}, ${shown(field.min)} to ${shown(field.max)}.` };
      }
      return { value };
    }
    case 'instant': {
      const moment = new Date(source);
      if (Number.isNaN(moment.getTime())) return { problem: 'A date and a time.' };
      return { value: moment.toISOString() };
    }
    case 'choice': return field.choices.includes(source) ? { value: source } : { problem: `One of ${field.choices.join(', ')}.` };
    case 'texts': {
      const values = [...new Set(source.split(/[\s,]+/).filter((text) => text !== ''))];
      return values.length > 1000 ? { problem: 'At most 1,000.' } : { value: values };
    }
    case 'array': return readJSON(source, 'array');
    case 'object':
    case 'signature': return readJSON(source, 'object');
    case 'signatures': return readSignaturesText(source, field.max);
    case 'moment': return readMoment(field, source);
    default: return new TextEncoder().encode(source).length > 255 ? { problem: 'At most 255 bytes.' } : { value: source };
  }
}

/** Seconds from now, or a time. */
function readMoment(field, source) {
  const seconds = Number(source);
  if (Number.isFinite(seconds)) return seconds >= field.min && seconds <= field.max ? { value: seconds } : { problem: `Seconds, ${shown(field.min)} to ${shown(field.max)}.` };
  const moment = new Date(source);
  return Number.isNaN(moment.getTime()) ? { problem: 'Seconds from now, or a time.' } : { value: moment.toISOString() };
}

function shown(number) {
  return number.toLocaleString('en-US');
}

function sentence(text) {
  return text === '' ? '' : `${text[0].toUpperCase()}${text.slice(1)}.`;
}
