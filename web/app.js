/** Boot: the code out of the address bar first, then the session, the feed, the frame and the page. */
import { takeLoginCode, takeSetupCode, checkSession, closeSession, openSession, setupIsOpen } from './platform/session.js';
import { FeedClient } from './core/link/feed-client.js';
import { parseRoute } from './core/query/route.js';
import { History } from './core/state/history.js';
import { sampleFleet } from './core/state/samples.js';
import { Store } from './core/state/store.js';
import { plural, rate } from './core/format/number.js';
import { takeRefusal } from './platform/openid.js';
import { openSocket } from './platform/socket.js';
import { listenToKeys } from './platform/keyboard.js';
import { announce, summarize } from './platform/announce.js';
import { applyScheme, scheme, SCHEMES, setPreference } from './platform/preferences.js';
import { Actions } from './elements/actions.js';
import { dialogIsOpen } from './elements/dialogs.js';
import { openHelp } from './elements/help.js';
import { OutcomeTray } from './elements/outcome-tray.js';
import { openPalette } from './elements/palette.js';
import { refreshTimes, skeleton } from './elements/parts.js';
import { setupPage } from './elements/setup.js';
import { Shell } from './elements/shell.js';
import { signInPage } from './elements/sign-in.js';
import { ActivityPage } from './pages/activity.js';
import { AuditPage } from './pages/audit.js';
import { OverviewPage } from './pages/overview.js';
import { QueueDetailPage } from './pages/queue-detail.js';
import { QueuesPage } from './pages/queues.js';
import { TaskDetailPage } from './pages/task-detail.js';
import { TasksPage } from './pages/tasks.js';
import { WorkerDetailPage } from './pages/worker-detail.js';
import { WorkersPage } from './pages/workers.js';

const VERSION = '0.1.0';
const TOPICS = ['stats', 'workers', 'queues', 'commands', 'health', 'alerts', 'trash'];
const SECOND = 1_000;

export class App {
  store = new Store((flush) => {
    // A hidden page gets no frames; its rows must stay current all the same.
    if (document.hidden) setTimeout(flush, 250);
    else requestAnimationFrame(flush);
  });
  history = new History();
  actions = new Actions(this);
  client;
  tray;
  #shell = null;
  #page = null;
  #route = null;
  #root = document.getElementById('app');
  #problem = '';
  #refusal = '';
  #wasLive = false;

  constructor() {
    this.client = new FeedClient({
      openSocket,
      checkSession,
      now: () => Date.now(),
      setTimer: (fn, milliseconds) => setTimeout(fn, milliseconds),
      clearTimer: (timer) => clearTimeout(timer),
      random: Math.random,
      changed: (what) => this.store.mark(what),
      version: VERSION,
    }, TOPICS);
    this.tray = new OutcomeTray(this);
  }

  /** Who is signed in, as the gateway said last. */
  get who() { return this.client.session?.who ?? this.client.credential?.who; }
  get role() { return this.who?.role; }

  /** The gateway's time in unix seconds. */
  serverNow() { return this.client.freshness.serverNow(Date.now()) / 1000; }

  async start({ code, setup, refusal }) {
    this.#refusal = refusal;
    applyScheme(scheme());
    this.store.listen(() => this.#connectionChanged(), ['connection']);
    this.store.listen(() => this.#learnAsOf(), ['health']);
    this.store.listen((changed) => this.#page?.update(changed));
    addEventListener('hashchange', () => this.#navigate());
    addEventListener('online', () => this.client.hurry());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.client.hurry(); });
    setInterval(() => this.#tick(), SECOND);
    listenToKeys({
      go: (page) => { location.hash = `#/${page}`; },
      search: () => { if (!this.#page?.search?.()) openPalette(this); },
      help: () => this.openHelp(),
      palette: () => openPalette(this),
      move: (step) => this.#page?.move?.(step),
      select: () => this.#page?.select?.(),
      back: () => this.#back(),
      dialogIsOpen,
    });
    if (code !== null) {
      const answer = await openSession({ code });
      if (!answer.ok) this.#problem = answer.reason;
    }
    if (setup === null) this.client.begin();
    else await this.#showSetup(setup);
  }

  openHelp() { openHelp(this); }

  nextScheme() {
    const next = SCHEMES[(SCHEMES.indexOf(scheme()) + 1) % SCHEMES.length];
    setPreference('scheme', next);
    applyScheme(next);
    this.#shell?.schemeChanged();
    announce(`Colour scheme: ${next === 'auto' ? 'as the system' : next}`);
  }

  /** @param {boolean} everywhere whether all sessions of the same user end */
  async signOut(everywhere) {
    const csrf = this.client.credential?.csrf ?? '';
    if (!await closeSession(csrf, everywhere)) {
      announce('The gateway did not end the session; it ends by itself.');
      // Who wants to be out everywhere must not believe that it is so.
      if (everywhere) return;
    }
    this.client.signOut();
  }

  #connectionChanged() {
    const { state, everLive } = this.client.machine;
    if (state === 'live' && !this.#wasLive) this.actions.learn().then(() => this.store.mark('connection'));
    this.#wasLive = state === 'live';
    if (state === 'signedOut') this.#showSignIn();
    else if (this.#shell === null && (state !== 'checking' || everLive)) this.#showShell();
  }

  #showSignIn() {
    if (this.#shell === null && this.#root.querySelector('.sign-in')) return;
    this.#leavePage();
    this.#shell = null;
    document.title = 'Not signed in · Celeriac';
    this.#root.replaceChildren(signInPage(() => {
      this.#root.replaceChildren();
      this.client.begin();
    }, this.#problem, this.#refusal));
    this.#problem = '';
    this.#refusal = '';
  }

  /** What the set-up link leads to: its page, or the word that it is good for nothing any more. */
  async #showSetup(code) {
    const ended = (reason) => {
      this.#refusal = reason;
      this.#root.replaceChildren();
      this.client.begin();
    };
    if (await setupIsOpen() === false) {
      ended('This set-up link makes nobody an admin: there is one already, or the link has ended. The next start of a gateway without an admin prints another one.');
      return;
    }
    document.title = 'Set up · Celeriac';
    this.#root.replaceChildren(setupPage(code, { done: () => ended(''), ended }));
    this.#root.querySelector('input').focus();
  }

  #showShell() {
    this.#shell = new Shell(this);
    this.#root.replaceChildren(this.#shell.node);
    this.#navigate();
    for (const topic of TOPICS) this.store.mark(topic);
  }

  #navigate() {
    const setup = takeSetupCode();
    // Whoever is signed in is not asked to be somebody else.
    if (setup !== null && this.#shell === null) {
      this.#showSetup(setup);
      return;
    }
    const code = location.hash.startsWith('#login=') ? takeLoginCode() : null;
    if (code !== null) {
      openSession({ code }).then(() => location.reload());
      return;
    }
    if (this.#shell === null) return;
    const route = parseRoute(location.hash);
    const same = this.#route !== null && this.#route.page === route.page && this.#route.id === route.id;
    this.#route = route;
    this.#shell.showCurrent(route.page);
    if (same && this.#page?.routeChanged?.(route)) return;
    this.#leavePage();
    this.#page = this.#makePage(route);
    this.#shell.main.replaceChildren(this.#page.node);
    document.title = `${this.#page.title} · Celeriac`;
    this.#page.update(new Set(['page', 'window', 'connection', 'clock', ...TOPICS]));
    scrollTo(0, 0);
    if (document.activeElement === document.body || !this.#shell.node.contains(document.activeElement) || dialogIsOpen()) return;
    this.#page.node.querySelector('h1')?.focus({ preventScroll: true });
  }

  #makePage(route) {
    switch (route.page) {
      case 'tasks': return route.id === null ? new TasksPage(this, route) : new TaskDetailPage(this, route.id);
      case 'queues': return route.id === null ? new QueuesPage(this) : new QueueDetailPage(this, route.id);
      case 'workers': return route.id === null ? new WorkersPage(this, route) : new WorkerDetailPage(this, route.id);
      case 'activity': return new ActivityPage(this);
      case 'audit': return new AuditPage(this, route);
      default: return new OverviewPage(this);
    }
  }

  #leavePage() {
    this.#page?.destroy?.();
    this.#page = null;
  }

  #back() {
    if (this.#route?.id !== null && this.#route !== null) location.hash = `#/${this.#route.page}`;
  }

  #learnAsOf() {
    const ingest = this.client.topics.get('health').get('ingest');
    if (Number.isFinite(ingest?.asOf)) this.client.freshness.asOfLearnt(ingest.asOf * 1000);
  }

  #tick() {
    this.store.mark('clock');
    this.history.sample(sampleFleet(this.client.topics, this.client.isLive));
    this.store.mark('history');
    refreshTimes(document, this.serverNow());
    const fleet = this.client.topics.get('stats').get('fleet');
    if (fleet && this.client.isLive && this.#shell !== null) {
      summarize(`${plural(fleet.active ?? 0, 'task')} running, ${plural(fleet.queueDepth ?? 0, 'message')} waiting, ${rate(fleet.throughput ?? 0)} finished per minute, ${fleet.workersOnline ?? 0} of ${plural(fleet.workers ?? 0, 'worker')} online.`, Date.now());
    }
  }
}

// Before anything else: the code must not stay in the address bar while the rest loads.
const code = takeLoginCode();
const setup = takeSetupCode();
const refusal = takeRefusal();
document.getElementById('app').replaceChildren(skeleton(4));
new App().start({ code, setup, refusal });
