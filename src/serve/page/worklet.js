/* worklet.js - sound of any rate and number of channels to 16 kHz mono s16, in pieces of 100 ms.
 *
 * A low-pass of a windowed sinc, evaluated where the new samples lie (polyphase: of the ratio in lowest
 * terms up/down, each of `up` phases has its own taps). It is symmetric about each new sample, so that
 * nothing is shifted in time.
 */
const RATE = 16000;
const PIECE = RATE / 10;
const CROSSINGS = 16; /* of the sinc, to each side */

const gcd = (a, b) => (b ? gcd(b, a % b) : a);

/* Taps of each phase: (up x taps). */
function lowPass(up, down) {
  const cut = 0.95 * Math.min(1, up / down); /* of half the source's rate */
  const half = Math.ceil(CROSSINGS / cut);
  const phases = [];

  for (let p = 0; p < up; p++) {
    const taps = new Float32Array(2 * half);
    let sum = 0;
    for (let k = 0; k < 2 * half; k++) {
      const x = k - half + 1 - p / up; /* source samples from the new one */
      const u = Math.min(1, Math.abs(x) / half);
      const window = 0.42 + 0.5 * Math.cos(Math.PI * u) + 0.08 * Math.cos(2 * Math.PI * u); /* Blackman */
      const sinc = x === 0 ? cut : Math.sin(Math.PI * cut * x) / (Math.PI * x);
      taps[k] = sinc * window;
      sum += taps[k];
    }
    for (let k = 0; k < 2 * half; k++) taps[k] /= sum;
    phases.push(taps);
  }
  return { half, phases };
}

class To16k extends AudioWorkletProcessor {
  constructor() {
    super();
    const common = gcd(sampleRate, RATE);
    this.up = RATE / common;
    this.down = sampleRate / common;
    Object.assign(this, lowPass(this.up, this.down));
    this.restart(currentFrame);
  }

  /* The first sample to come is number `frame` of the context. */
  restart(frame) {
    this.history = new Float32Array(this.half - 1); /* silence before it */
    this.first = frame - this.half + 1; /* the number of history[0] */
    this.origin = frame; /* where the new samples' numbers begin */
    this.made = 0;
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
  }

  emit(value) {
    this.piece[this.filled++] = Math.round(32767 * Math.max(-1, Math.min(1, value)));
    if (this.filled < PIECE) return;
    const first = this.origin / sampleRate + (this.made + 1 - PIECE) / RATE;
    this.port.postMessage({ first, until: currentFrame / sampleRate, pcm: this.piece.buffer }, [
      this.piece.buffer,
    ]);
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
  }

  take(mono) {
    const all = new Float32Array(this.history.length + mono.length);
    all.set(this.history);
    all.set(mono, this.history.length);
    for (;;) {
      const at = this.made * this.down;
      const whole = Math.floor(at / this.up);
      const from = this.origin + whole - this.half + 1 - this.first;
      const taps = this.phases[at % this.up];
      if (from + taps.length > all.length) break;
      let sum = 0;
      for (let k = 0; k < taps.length; k++) sum += taps[k] * all[from + k];
      this.emit(sum);
      this.made++;
    }
    const keep = Math.min(all.length, 2 * this.half + Math.ceil(this.down / this.up));
    this.first += all.length - keep;
    this.history = all.slice(all.length - keep);
  }

  process(inputs) {
    const channels = inputs[0];
    if (!channels.length) return true; /* the source is away */
    const n = channels[0].length;
    const mono = new Float32Array(n);
    for (const channel of channels) for (let i = 0; i < n; i++) mono[i] += channel[i] / channels.length;
    if (currentFrame !== this.first + this.history.length) this.restart(currentFrame);
    this.take(mono);
    return true;
  }
}

registerProcessor('to-16k', To16k);
