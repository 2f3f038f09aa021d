/* wire.js - the connection: version 1 of the protocol in docs/live.md.
 *
 * It comes back by itself with the session's number, at first soon and then less often. Nothing is queued
 * here: what the socket has not sent yet is measured, and a picture that finds too much of it is dropped.
 */
const VERSION = 1;
const PICTURE = 1, SOUND = 2;
const HEADER = 16;
const PICTURES_WAIT = 192 << 10; /* bytes that wait in the socket: above, pictures are dropped */
const SOUND_WAITS = 1 << 20; /* and above this, sound */
const SILENCE_MS = 15000; /* without a word from the server, the connection is taken for dead */
const SOONEST_MS = 500, LATEST_MS = 8000, BUSY_MS = 10000;

/* Errors after which coming back would meet the same again. */
const FINAL = ['version', 'protocol', 'too_large'];

function message(kind, sequence, t_us) {
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint8(0, VERSION);
  header.setUint8(1, kind);
  header.setUint32(4, sequence, true);
  header.setBigInt64(8, BigInt(t_us), true);
  return header.buffer;
}

export class Wire {
  #tell;
  #socket = null;
  #timer = 0;
  #watch = 0;
  #heard = 0;
  #tries = 0;
  #streams = { video: false, audio: false };
  #sequence = { [PICTURE]: 0, [SOUND]: 0 };
  #error = null; /* the last one's code on this socket */
  #ending = false;
  #idle = false; /* there was nothing to send: no connection until there is */
  session = null;
  open = false; /* welcomed, and not gone */
  dropped = { pictures: 0, sound_ms: 0 };

  /* tell(name, detail): connecting; welcome, window (with .line, its text), state, kept, forgotten, ended,
   * error as they come; away { wait_ms, why }, why one of gone, locked, busy, and an error's code; closed
   * { code } after which it does not come back. */
  constructor(tell) {
    this.#tell = tell;
  }

  connect(streams) {
    this.#streams = { ...streams };
    this.#ending = false;
    this.#dial();
  }

  /* Now, not when the wait is over: the page is seen again, the network is back. */
  hurry() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#dial();
  }

  stream(kind, on) {
    if (this.#streams[kind] === on) return;
    this.#streams[kind] = on;
    this.say({ type: 'stream', stream: kind, on });
    if (this.#idle && on) this.#dial();
  }

  /* Whether it could be said. */
  say(object) {
    if (!this.#takes) return false;
    this.#socket.send(JSON.stringify(object));
    return true;
  }

  picture(t_us, blob) {
    return this.#send(PICTURE, t_us, blob, PICTURES_WAIT, () => this.dropped.pictures++);
  }

  sound(t_us, pcm) {
    return this.#send(SOUND, t_us, pcm, SOUND_WAITS, () => (this.dropped.sound_ms += pcm.byteLength / 32));
  }

  end() {
    this.#ending = true;
    this.say({ type: 'end' });
  }

  close() {
    this.#ending = true;
    this.#hangUp();
  }

  /* A socket that is closing is open no more, though its end is still to come. */
  get #takes() {
    return this.open && this.#socket.readyState === WebSocket.OPEN;
  }

  #send(kind, t_us, payload, most, drop) {
    if (!this.#takes) return;
    if (this.#socket.bufferedAmount > most) drop();
    else this.#socket.send(new Blob([message(kind, this.#sequence[kind]++, t_us), payload]));
  }

  #dial() {
    this.#hangUp();
    this.#idle = false;
    this.#tell('connecting', { again: this.session !== null });
    this.#error = null;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/live`, 'attune.v1');
    this.#socket = socket;
    this.#heard = performance.now();
    this.#watch = setInterval(() => this.#check(), 1000);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#hello(socket);
    };
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => this.#gone(opened);
  }

  #hello(socket) {
    const hello = { type: 'hello', version: VERSION, ...this.#streams };
    if (this.session) hello.resume = this.session;
    socket.send(JSON.stringify(hello));
  }

  #hear(text) {
    this.#heard = performance.now();
    const said = JSON.parse(text);
    switch (said.type) {
      case 'welcome':
        this.open = true;
        this.#tries = 0;
        this.session = said.session;
        break;
      case 'window':
        said.line = text;
        break;
      case 'error':
        this.#error = said.code;
        break;
      case 'ended':
        this.#ending = true;
        this.session = null;
        break;
    }
    this.#tell(said.type, said);
  }

  #check() {
    if (performance.now() - this.#heard < SILENCE_MS) return;
    this.#hangUp();
    this.#later('gone');
  }

  #hangUp() {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#timer = 0;
    this.open = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  async #gone(opened) {
    this.#hangUp();
    if (this.#ending) return this.#tell('closed', { code: this.#error });
    if (FINAL.includes(this.#error)) return this.#tell('closed', { code: this.#error });
    this.#later(this.#error ?? (opened ? 'gone' : await this.#whyNot()));
  }

  /* A socket that was refused does not say why; a request does. */
  async #whyNot() {
    try {
      const answer = await fetch('/icon.svg', { cache: 'no-store' });
      return answer.status === 401 || answer.status === 403 ? 'locked' : 'busy';
    } catch {
      return 'gone';
    }
  }

  #later(why) {
    if (this.#socket || this.#timer || this.#ending) return;
    this.#idle = why === 'idle' && !this.#streams.video && !this.#streams.audio;
    if (this.#idle) return this.#tell('away', { wait_ms: 0, why });
    const usual = Math.min(LATEST_MS, SOONEST_MS * 2 ** this.#tries++);
    const wait_ms = Math.round((why === 'busy' ? BUSY_MS : usual) * (0.9 + 0.2 * Math.random()));
    this.#timer = setTimeout(() => this.#dial(), wait_ms);
    this.#tell('away', { wait_ms, why });
  }
}
