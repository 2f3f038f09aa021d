/* keep.js - the consent to keep a session, and taking it back. */

import { $ } from '/dom.js';

/* Of the text in index.html (#consent): another text, another version. */
const CONSENT = '1';

export class Keeping {
  #wire;
  #consented = false; /* by the person, for this session as they see it, over restarts of the program */
  #dialog = $('consent');
  #abort = new AbortController();

  constructor(wire) {
    this.#wire = wire;
    const { signal } = this.#abort;
    $('keep').addEventListener('click', () => this.#ask(), { signal });
    this.#dialog.addEventListener('close', () => this.#answered(), { signal });
    this.#say(null);
  }

  offered({ store, resumed }) {
    $('keep').hidden = !store;
    if (store && this.#consented && !resumed) this.#wire.say({ type: 'keep', consent: CONSENT });
  }

  kept() {
    this.#consented = true;
    $('keep').textContent = 'Do not keep it';
    this.#say('This session is kept, its figures only.');
  }

  forgotten() {
    this.#consented = false;
    $('keep').textContent = 'Keep this session…';
    this.#say('This session is not kept. What was, is deleted.');
  }

  /* The file cannot be written any more: the session goes on without. */
  failed(text) {
    if (!this.#consented) return;
    this.forgotten();
    this.#say(`${text[0].toUpperCase()}${text.slice(1)}. What was kept until then stays; it goes on without.`);
  }

  over() {
    this.#abort.abort();
    if (this.#dialog.open) this.#dialog.close();
  }

  #ask() {
    if (this.#consented) this.#wire.say({ type: 'forget' });
    else this.#dialog.showModal();
  }

  #answered() {
    if (this.#dialog.returnValue === 'keep') this.#wire.say({ type: 'keep', consent: CONSENT });
    this.#dialog.returnValue = '';
  }

  #say(text) {
    $('kept').hidden = !text;
    $('kept').textContent = text ?? '';
  }
}
