/**
 * Times and durations for people. Times are unix seconds, durations are seconds, as on the wire. A time outside
 * 1970-2200 (anybody who can publish can forge one) is shown as a dash.
 */
import { DASH } from './number.js';

const LATEST_SECONDS = 7_258_118_400;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayAndMinute = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  fractionalSecondDigits: 3, timeZoneName: 'short',
});

export function isTime(seconds) {
  return Number.isFinite(seconds) && seconds > 0 && seconds < LATEST_SECONDS;
}

/** 12 ms, 850 ms, 4.2 s, 48 s, 3 m 20 s, 2 h 05 m, 3 d 4 h */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return DASH;
  const sign = seconds < 0 ? '−' : '';
  const size = Math.abs(seconds);
  if (size < 0.0005) return '0 ms';
  if (size < 0.9995) return `${sign}${size < 0.00995 ? (size * 1000).toFixed(1) : Math.round(size * 1000)} ms`;
  if (size < 9.95) return `${sign}${size.toFixed(1)} s`;
  const whole = Math.round(size);
  if (whole < 60) return `${sign}${whole} s`;
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  if (whole < 86_400) return `${sign}${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} m`;
  return `${sign}${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** "now", "4 s ago", "3 m ago", "in 20 s": one unit, for columns. */
export function ago(seconds, nowSeconds) {
  if (!isTime(seconds)) return DASH;
  const age = nowSeconds - seconds;
  const words = shortSpan(Math.abs(age));
  if (words === '') return 'now';
  return age >= 0 ? `${words} ago` : `in ${words}`;
}

/** Age of the data: "now", "4 s", "2 m 10 s". */
export function age(seconds) {
  if (!Number.isFinite(seconds)) return DASH;
  return seconds < 1.5 ? 'now' : `${duration(Math.round(seconds))} ago`;
}

function shortSpan(size) {
  if (size < 1) return '';
  if (size < 60) return `${Math.floor(size)} s`;
  if (size < 3600) return `${Math.floor(size / 60)} m`;
  if (size < 86_400) return `${Math.floor(size / 3600)} h`;
  return `${Math.floor(size / 86_400)} d`;
}

/** 14:03:21 today, 23 Nov, 14:03:21 otherwise. */
export function moment(seconds, nowSeconds) {
  return timeOfDay(seconds, nowSeconds, clock, dayAndClock);
}

/** The same to the minute: 14:03 today, 23 Nov, 14:03 otherwise. */
export function appointment(seconds, nowSeconds) {
  return timeOfDay(seconds, nowSeconds, minute, dayAndMinute);
}

function timeOfDay(seconds, nowSeconds, today, otherwise) {
  if (!isTime(seconds)) return DASH;
  const date = new Date(seconds * 1000);
  return (date.toDateString() === new Date(nowSeconds * 1000).toDateString() ? today : otherwise).format(date);
}

/** Everything, for tooltips and details. */
export function exact(seconds) {
  return isTime(seconds) ? full.format(new Date(seconds * 1000)) : DASH;
}

function pad(value) {
  return String(value).padStart(2, '0');
}
