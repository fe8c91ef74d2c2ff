/** How long a queue is to be paused, from a form to the arguments of `queue.pause`. */
export const PAUSE_CHOICES = Object.freeze([
  ['300', 'For 5 minutes'], ['3600', 'For 1 hour'], ['morning', 'Until tomorrow, 08:00'], ['at', 'Until a time of your choice'], ['open', 'Until somebody resumes it'],
]);
const MORNING_HOUR = 8;
const REASON_BYTES = 255;

/**
 * @param {{until: string, at: string, reason: string}} form
 * @param {Date} now
 * @returns {{args: {seconds?: number, resumeAt?: string, reason?: string}, problems: Map<string, string>}}
 */
export function readPauseForm(form, now) {
  const problems = new Map();
  const args = {};
  if (form.until === 'morning') args.resumeAt = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING_HOUR).toISOString();
  else if (form.until === 'at') {
    const moment = new Date(form.at);
    if (form.at.trim() === '' || Number.isNaN(moment.getTime())) problems.set('at', 'A date and a time.');
    else if (moment.getTime() <= now.getTime()) problems.set('at', 'This time is over.');
    else args.resumeAt = moment.toISOString();
  } else if (form.until !== 'open') args.seconds = Number(form.until);
  const reason = form.reason.trim();
  if (new TextEncoder().encode(reason).length > REASON_BYTES) problems.set('reason', `At most ${REASON_BYTES} bytes.`);
  else if (reason !== '') args.reason = reason;
  return { args, problems };
}
