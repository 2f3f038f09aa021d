/* clock.js - one capture clock for pictures and sound: microseconds since the page began to capture. It
 * goes on while the connection is away. */

export class CaptureClock {
  #zero = performance.now();
  #told = { picture: -1, sound: -1 }; /* times of a kind must not go back */

  /* Now is 0. Before anything is told. */
  start() {
    this.#zero = performance.now();
  }

  /* of a moment of performance.now() */
  us(ms = performance.now()) {
    return Math.max(0, Math.round((ms - this.#zero) * 1000));
  }

  /* Of a picture: cameras say when they took it. */
  picture(captured) {
    const now = performance.now();
    const plausible = captured <= now && now - captured < 1000;
    return this.#forwards('picture', this.us(plausible ? captured : now));
  }

  /* Of sound that began at a moment of performance.now(). */
  sound(began) {
    return this.#forwards('sound', this.us(began));
  }

  #forwards(kind, us) {
    this.#told[kind] = Math.max(this.#told[kind], us);
    return this.#told[kind];
  }
}

/* Where the time of an AudioContext lies on the clock. A message from its thread comes late, now more and now
 * less, but never early: so the smallest difference of the last seconds is the offset. Where all of them
 * are far larger (the computer slept, the context was suspended) it begins anew. */
const SETTLED = 3; /* differences before a time is told */
const KEPT = 50;
const JUMP_MS = 500;

export class SoundClock {
  #clock;
  #late = [];

  constructor(clock) {
    this.#clock = clock;
  }

  /* Microseconds of a sample at context time `first`, told of when the context was at `until` (seconds); null
   * while that is not known. */
  us(first, until) {
    const offset = performance.now() - until * 1000;
    if (this.#late.length && offset - Math.min(...this.#late) > JUMP_MS) this.#late = [];
    this.#late.push(offset);
    if (this.#late.length < SETTLED) return null;
    if (this.#late.length > KEPT) this.#late.shift();
    return this.#clock.sound(Math.min(...this.#late) + first * 1000);
  }
}
