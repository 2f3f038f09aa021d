/* beside.js - what this page sends beside picture and sound: how often one clicks and presses keys in it, once that is
 * switched on, and messages that are typed. Never where, which key, or what for. */

import { $ } from '/dom.js';

const EVENTS = { clicks: 'pointerdown', keys: 'keydown' };
const TITLE = { clicks: 'clicks', keys: 'keys' };
const TICK_MS = 500;
const UNSENDABLE = /[\p{Cc}\p{Cs}]/gu; /* controls, and halves of a pair: no server takes them */
const IDLE_TICKS = 10; /* a row of zeros says so often that counting goes on */
const ENDED = -1; /* in the place of how many: nobody counts any more */

export class Beside {
  #wire;
  #clock;
  #columns = [];
  #counts = {}; /* of what is switched on, since the last row */
  #ended = new Set(); /* of what was switched off, since then */
  #idle = 0;
  #told; /* a message went */
  #timer = setInterval(() => this.#tick(), TICK_MS);
  #abort = new AbortController();

  constructor(wire, clock, told) {
    this.#wire = wire;
    this.#clock = clock;
    this.#told = told;
    const { signal } = this.#abort;
    for (const [name, event] of Object.entries(EVENTS)) {
      $(`toggle-${name}`).addEventListener('click', () => this.#toggle(name), { signal });
      addEventListener(event, (e) => this.#count(name, e), { capture: true, passive: true, signal });
    }
    $('write').addEventListener('submit', (e) => this.#send(e), { signal });
  }

  /* What the program takes. */
  offered({ signals = [], chat = false }) {
    this.#columns = signals.map(({ name }) => name);
    for (const name of Object.keys(EVENTS)) {
      $(`toggle-${name}`).hidden = !signals.some((s) => s.name === name && s.events);
      this.#label(name);
    }
    $('write').hidden = !chat;
    $('beside').hidden = !chat && Object.keys(EVENTS).every((name) => $(`toggle-${name}`).hidden);
  }

  over() {
    clearInterval(this.#timer);
    this.#abort.abort();
    $('words').value = '';
  }

  #toggle(name) {
    if (name in this.#counts) {
      delete this.#counts[name];
      this.#ended.add(name);
    } else {
      this.#counts[name] = 0;
      this.#ended.delete(name);
    }
    this.#idle = IDLE_TICKS;
    this.#label(name);
  }

  #label(name) {
    const on = name in this.#counts;
    $(`toggle-${name}`).setAttribute('aria-pressed', String(on));
    $(`toggle-${name}`).textContent = `My ${TITLE[name]} ${on ? 'are counted' : 'are not counted'}`;
  }

  #count(name, { repeat }) {
    if (name in this.#counts && !repeat) this.#counts[name]++;
  }

  #tick() {
    const names = Object.keys(this.#counts);
    const silent = names.every((name) => !this.#counts[name]) && !this.#ended.size;
    if (silent && (!names.length || ++this.#idle < IDLE_TICKS)) return;
    this.#idle = 0;
    const row = [this.#clock.us(), ...this.#columns.map((name) => this.#counts[name] ?? (this.#ended.has(name) ? ENDED : null))];
    if (!this.#wire.say({ type: 'signal', rows: [row] })) return;
    for (const name of names) this.#counts[name] = 0;
    this.#ended.clear();
  }

  #send(event) {
    event.preventDefault();
    const text = $('words').value.replace(UNSENDABLE, ' ').trim();
    if (!text || !this.#wire.say({ type: 'chat', t: this.#clock.us(), text })) return;
    $('words').value = '';
    this.#told();
  }
}
