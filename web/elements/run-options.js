/** Fields that running one task and running several have in common. */
import { choiceInput, jsonInput, momentInput, numberInput } from './form-field.js';

export const OPTION_NAMES = Object.freeze(['countdown', 'eta', 'expires', 'expiresAt', 'softTimeLimit', 'timeLimit', 'headers', 'ignoreResult']);

/** @param {import('./form-field.js').FormFields} fields @returns {{when: Node[], limits: Node[], along: Node[]}} */
export function runOptions(fields) {
  return {
    when: [
      fields.add('countdown', 'Start in (s)', numberInput('at once')),
      fields.add('eta', 'Start at', momentInput(), { help: 'In the time zone of this computer' }),
      fields.add('expires', 'Expires after (s)', numberInput('never')),
      fields.add('expiresAt', 'Expires at', momentInput(), { help: 'Not started later than this' }),
    ],
    limits: [
      fields.add('softTimeLimit', 'Soft time limit (s)', numberInput('as the task has it'), { help: 'The task gets an exception' }),
      fields.add('timeLimit', 'Hard time limit (s)', numberInput('as the task has it'), { help: 'Its process is killed' }),
    ],
    along: [
      fields.add('headers', 'Headers', jsonInput('{}', 2), { help: 'A JSON object; reaches request.headers', className: 'mono wide' }),
      fields.add('ignoreResult', 'Result', choiceInput([['', 'As the task has it'], ['true', 'Throw it away'], ['false', 'Keep it']])),
    ],
  };
}
