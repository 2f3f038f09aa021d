/* capture.js - the camera, a shared tab or window, and the microphone: pictures as JPEG and sound as 16 kHz
 * PCM, each with its time on the capture clock. What is too much is dropped where it arises. */
import { SoundClock } from '/clock.js';

const LONGEST_SIDE = 1280;
const MOST_BYTES = 500 << 10; /* of a picture */
const QUALITIES = [0.8, 0.65, 0.5, 0.35];

/* What was denied or is not there, as one word: denied, missing, busy, other. */
export function refusal(error) {
  if (['NotAllowedError', 'SecurityError'].includes(error.name)) return 'denied';
  if (['NotFoundError', 'OverconstrainedError'].includes(error.name)) return 'missing';
  if (['NotReadableError', 'AbortError'].includes(error.name)) return 'busy';
  return 'other';
}

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
/* Sound as it is: the program has its own noise suppression and levels, and learned from such sound. */
const MICROPHONE = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const chosen = (rest, id) => (id ? { ...rest, deviceId: { exact: id } } : rest);

/* -> { video: track or null, audio: track or null, refused: { video: word, audio: word } }. Both are asked
 * for in one question; where that fails, each by itself. */
export async function askDevices({ video, audio, camera, microphone }) {
  const want = { video: video && chosen(CAMERA, camera), audio: audio && chosen(MICROPHONE, microphone) };
  const got = { video: null, audio: null, refused: {} };
  const take = (stream) => {
    for (const track of stream.getTracks()) got[track.kind] = track;
  };

  if (!navigator.mediaDevices) {
    for (const kind of ['video', 'audio']) if (want[kind]) got.refused[kind] = 'other';
    return got;
  }
  if (want.video && want.audio) {
    try {
      take(await navigator.mediaDevices.getUserMedia(want));
      return got;
    } catch {
      /* each by itself, then */
    }
  }
  for (const kind of ['video', 'audio']) {
    if (!want[kind]) continue;
    try {
      take(await navigator.mediaDevices.getUserMedia({ [kind]: want[kind] }));
    } catch (error) {
      got.refused[kind] = refusal(error);
    }
  }
  return got;
}

/* A tab or a window, with its sound where the person shares that too. */
export async function askScreen() {
  const got = { video: null, audio: null, refused: {} };
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: true });
    for (const track of stream.getTracks()) got[track.kind] = track;
  } catch (error) {
    got.refused.video = refusal(error);
  }
  return got;
}

/* One for all pictures, from the beginning: later the program may be away that has its script. */
const metronome = new Worker('/metronome.js');

export const canShare = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/* Pictures of a track at a rate. take({ t_us, blob, width, height }) has them; it is not called again before
 * the promise that it gives is done. */
export class Pictures {
  #video;
  #clock;
  #take;
  #canvas = new OffscreenCanvas(2, 2);
  #context = this.#canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  #limit = { width: LONGEST_SIDE, height: LONGEST_SIDE };
  #captured = 0; /* when what the video shows was taken */
  #drawn = -1;
  #busy = false;
  #quality = 0;
  #watching = false;
  track = null;
  skipped = 0; /* beats that found the one before still being made */

  constructor(video, clock, take) {
    this.#video = video;
    this.#clock = clock;
    this.#take = take;
  }

  limit(width, height) {
    this.#limit = { width: Math.min(width, LONGEST_SIDE), height: Math.min(height, LONGEST_SIDE) };
  }

  start(track, rate) {
    this.stop();
    this.track = track;
    this.#video.srcObject = new MediaStream([track]);
    this.#video.play().catch(() => {});
    this.beat(rate);
    if (!this.#watching) this.#watch();
  }

  /* From now on so many pictures a second. */
  beat(rate) {
    metronome.onmessage = () => this.#beat();
    metronome.postMessage(1000 / rate);
  }

  stop() {
    metronome.postMessage(0);
    this.track?.stop();
    this.track = null;
    this.#video.srcObject = null;
  }

  /* Notes when each picture that comes into view was taken. Not called while the page is hidden. */
  #watch() {
    this.#watching = 'requestVideoFrameCallback' in this.#video;
    if (!this.#watching) return;
    this.#video.requestVideoFrameCallback((now, seen) => {
      this.#captured = seen.captureTime ?? now;
      this.#watch();
    });
  }

  /* A picture that was sent already (a camera slower than the rate, a still window) is of now. */
  #time() {
    const fresh = this.#captured !== this.#drawn && !document.hidden;
    this.#drawn = this.#captured;
    return this.#clock.picture(fresh ? this.#captured : performance.now());
  }

  #draw() {
    const { videoWidth: w, videoHeight: h } = this.#video;
    const scale = Math.min(1, this.#limit.width / w, this.#limit.height / h);
    const width = Math.max(2, Math.round(w * scale));
    const height = Math.max(2, Math.round(h * scale));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.drawImage(this.#video, 0, 0, width, height);
    return { width, height };
  }

  /* A busy picture that would be too large is made again, and those after it, with less quality. */
  async #encode() {
    for (;;) {
      const blob = await this.#canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITIES[this.#quality] });
      if (blob.size <= MOST_BYTES) return blob;
      if (this.#quality + 1 === QUALITIES.length) return null;
      this.#quality++;
    }
  }

  async #beat() {
    if (!this.track || this.track.muted || !this.track.enabled || !this.#video.videoWidth) return;
    if (this.#busy) {
      this.skipped++;
      return;
    }
    this.#busy = true;
    try {
      const t_us = this.#time();
      const size = this.#draw();
      const blob = await this.#encode();
      if (blob) this.#take({ t_us, blob, ...size });
    } finally {
      this.#busy = false;
    }
  }
}

/* Sound of a track. take({ t_us, pcm, level }): 100 ms of s16, and how loud it is, [0, 1]. */
export class Sound {
  #clock;
  #take;
  #context = null;
  #source = null;
  #node = null;
  track = null;

  constructor(clock, take) {
    this.#clock = clock;
    this.#take = take;
  }

  /* Fails where the program is away that has the worklet's script. */
  async start(track) {
    await this.stop();
    this.track = track;
    const context = new AudioContext({ latencyHint: 'interactive' });
    const clock = new SoundClock(this.#clock);
    this.#context = context;
    await context.audioWorklet.addModule('/worklet.js');
    if (this.#context !== context) return; /* stopped meanwhile */
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#node = new AudioWorkletNode(context, 'to-16k');
    this.#node.port.onmessage = ({ data }) => this.#piece(clock, data);
    this.#source.connect(this.#node).connect(context.destination); /* it gives silence */
    await this.wake();
  }

  /* After a sleep, or where the browser began it suspended. */
  async wake() {
    if (this.#context && this.#context.state !== 'running') await this.#context.resume().catch(() => {});
  }

  async stop() {
    const context = this.#context;
    this.track?.stop();
    this.track = null;
    this.#context = null;
    if (this.#node) this.#node.port.onmessage = null;
    this.#source?.disconnect();
    if (context) await context.close().catch(() => {});
  }

  #piece(clock, { first, until, pcm }) {
    if (!this.track || this.track.muted || !this.track.enabled) return;
    const t_us = clock.us(first, until);
    if (t_us !== null) this.#take({ t_us, pcm, level: loudness(new Int16Array(pcm)) });
  }
}

/* [0, 1]: -60 dB of full scale is 0. */
function loudness(samples) {
  let sum = 0;
  for (const x of samples) sum += x * x;
  const db = 10 * Math.log10(sum / samples.length / 32768 ** 2 + 1e-9);
  return Math.max(0, Math.min(1, 1 + db / 60));
}
