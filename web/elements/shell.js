/** The frame round every page: rail or bottom bar, app bar, status line, banner, tray. */
import { workersInTrouble } from '../core/state/selectors.js';
import { scheme } from '../platform/preferences.js';
import { h, setAttr, setHidden, setText } from '../platform/dom.js';
import { glyph } from '../platform/icons.js';
import { Banner } from './banner.js';
import { LimitsNote } from './limits-note.js';
import { mark } from './mark.js';
import { openPalette } from './palette.js';
import { button, iconButton, setRefusal } from './parts.js';
import { openRunDialog } from './run-dialog.js';
import { openSignOut } from './sign-out.js';
import { StatusLine } from './status-line.js';

const ITEMS = [['overview', 'Overview'], ['tasks', 'Tasks'], ['queues', 'Queues'], ['workers', 'Workers'], ['activity', 'Activity'], ['audit', 'Audit']];
/** Pages that only an admin may see. */
const ADMIN_ITEMS = ['audit'];
const SCHEME_WORDS = new Map([['auto', 'Scheme: as the system'], ['light', 'Scheme: light'], ['dark', 'Scheme: dark']]);

export class Shell {
  #app;
  #links = new Map();
  #badges = new Map();
  #run;
  #scheme;
  main = h('main', { id: 'main', class: 'main', tabindex: '-1' });

  constructor(app) {
    this.#app = app;
    this.#run = button('Run task', { kind: 'filled run', icon: 'run', testid: 'action-run', onClick: () => openRunDialog(app) });
    this.#scheme = iconButton('Scheme', 'scheme', { testid: 'toggle-scheme', onClick: () => app.nextScheme() });
    const status = new StatusLine(app);
    const banner = new Banner(app);
    this.node = h('div', { class: 'shell' },
      h('a', { class: 'skip', href: '#main', text: 'Skip to the page', on: { click: (event) => { event.preventDefault(); this.main.focus(); } } }),
      this.#nav(),
      h('header', { class: 'app-bar' },
        h('a', { class: 'brand', href: '#/overview', 'aria-label': 'Celeriac, overview' }, mark(), h('span', { class: 'brand-word', text: 'Celeriac' })),
        h('button', { type: 'button', class: 'search-button', 'aria-keyshortcuts': 'Control+K', 'data-testid': 'open-palette', on: { click: () => openPalette(app) } }, glyph('search'), h('span', { class: 'search-words', text: 'Go to a worker, queue, task…' }), h('kbd', { text: 'Ctrl K' })),
        h('div', { class: 'app-bar-side' }, this.#run, this.#scheme, iconButton('Keyboard help', 'help', { onClick: () => app.openHelp() }), iconButton('Sign out', 'person', { testid: 'sign-out', onClick: () => openSignOut(app) })),
      ),
      status.node,
      h('div', { class: 'content' }, banner.node, new LimitsNote(app).node, this.main),
      app.tray.node,
    );
    status.update();
    banner.update();
    this.#drawScheme();
    this.#update();
    app.store.listen(() => this.#update(), ['connection', 'workers', 'alerts']);
  }

  /** @param {string} page */
  showCurrent(page) {
    for (const [name, link] of this.#links) setAttr(link, 'aria-current', name === page ? 'page' : null);
  }

  schemeChanged() { this.#drawScheme(); }

  #nav() {
    return h('nav', { class: 'nav', 'aria-label': 'Pages' }, ...ITEMS.map(([page, label]) => {
      const badge = h('span', { class: 'badge', hidden: true });
      const link = h('a', { href: `#/${page}`, 'data-testid': `nav-${page}` }, h('span', { class: 'nav-icon' }, glyph(page), badge), h('span', { class: 'nav-label', text: label }));
      this.#links.set(page, link);
      this.#badges.set(page, badge);
      return link;
    }));
  }

  /** A badge only when something is wrong. */
  #update() {
    setRefusal(this.#run, this.#app.actions.refusal('task.run'));
    for (const page of ADMIN_ITEMS) setHidden(this.#links.get(page), this.#app.role !== 'admin');
    const { topics } = this.#app.client;
    this.#badge('workers', workersInTrouble(topics.get('workers').rows), 'in trouble');
    this.#badge('overview', [...topics.get('alerts').rows].filter(({ severity }) => severity === 'error').length, 'alerts');
  }

  #badge(page, count, words) {
    const badge = this.#badges.get(page);
    setHidden(badge, count === 0);
    setText(badge, count > 99 ? '99+' : String(count));
    setAttr(badge, 'title', `${count} ${words}`);
  }

  #drawScheme() {
    const words = SCHEME_WORDS.get(scheme());
    setAttr(this.#scheme, 'aria-label', words);
    setAttr(this.#scheme, 'title', words);
  }
}
