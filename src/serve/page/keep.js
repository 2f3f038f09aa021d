/* keep.js - the consent to keep a session, and taking it back. */

import { $ } from '/dom.js';

/* Of the text in index.html (#consent): another text, another version. */
const CONSENT = '2';

const KEEP = { type: 'keep', consent: CONSENT }, FORGET = { type: 'forget' };

export class Keeping {
  #wire;
  #consented = false; /* by the person, for this session as they see it, over restarts of the program */
  #wish = null; /* said while the connection was away */
  #earlier = false; /* a part of it was kept by a program that is gone */
  #dialog = $('consent');
  #abort = new AbortController();

  constructor(wire) {
    this.#wire = wire;
    const { signal } = this.#abort;
    $('keep').addEventListener('click', () => this.#ask(), { signal });
    this.#dialog.addEventListener('close', () => this.#answered(), { signal });
    this.#offer(KEEP);
    this.#say(null);
  }

  offered({ store, resumed }) {
    $('keep').hidden = !store;
    if (this.#consented && !resumed) this.#earlier = true;
    const wish = this.#wish ?? (this.#consented && !resumed ? KEEP : null);
    if (store && wish) this.#want(wish);
  }

  kept() {
    this.#consented = true;
    this.#offer(FORGET);
    this.#say('This session is kept, its figures only.');
  }

  forgotten() {
    this.#consented = false;
    this.#offer(KEEP);
    this.#say(
      this.#earlier
        ? 'This session is not kept any more. What was kept of it before the program was restarted is among the past sessions, and can be deleted there.'
        : 'This session is not kept. What was, is deleted.',
    );
  }

  /* The file cannot be written any more: the session goes on without. */
  failed(text) {
    if (!this.#consented) return;
    this.forgotten();
    this.#say(`${text[0].toUpperCase()}${text.slice(1)}. What was kept until then stays; it goes on without.`);
  }

  /* kept: whether the program says that it is, to its end; undefined: it said nothing. What is to be said of it. */
  over(kept) {
    this.#abort.abort();
    if (this.#dialog.open) this.#dialog.close();
    if (this.#wish) return 'Whether it should be kept did not reach the program any more: see the past sessions.';
    return this.#consented && kept === false ? 'It could not be kept to its end.' : '';
  }

  #offer(wish) {
    $('keep').textContent = wish === KEEP ? 'Keep this session…' : 'Do not keep it';
  }

  #ask() {
    if (this.#wish) this.#want(this.#wish === KEEP ? FORGET : KEEP);
    else if (this.#consented) this.#want(FORGET);
    else this.#dialog.showModal();
  }

  #answered() {
    if (this.#dialog.returnValue === 'keep') this.#want(KEEP);
    this.#dialog.returnValue = '';
  }

  #want(wish) {
    this.#wish = this.#wire.say(wish) ? null : wish;
    if (!this.#wish) return;
    this.#offer(wish === KEEP ? FORGET : KEEP);
    this.#say(`It will ${wish === KEEP ? '' : 'not '}be kept as soon as the connection is back.`);
  }

  #say(text) {
    $('kept').hidden = !text;
    $('kept').textContent = text ?? '';
  }
}
