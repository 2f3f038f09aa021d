/* app.js - the life of a session in the browser: permission, connection, devices that come and go, the end. */
import { Bands } from '/bands.js';
import { Beside } from '/beside.js';
import { askDevices, askScreen, canShare, Pictures, Sound } from '/capture.js';
import { CaptureClock } from '/clock.js';
import { $ } from '/dom.js';
import { Keeping } from '/keep.js';
import { Record } from '/record.js';
import { away, clock, deviceRefused, duration, goingOn, hintStream } from '/words.js';
import { Wire } from '/wire.js';
import * as view from '/view.js';

const NAME = { video: 'camera', audio: 'microphone' };
const TITLE = { video: 'Camera', audio: 'Microphone' };
const FINISH_MS = 10000; /* the program is given so long for the last windows */

/* The token stays in a cookie that scripts do not see, not in the address. */
history.replaceState(null, '', location.pathname);

const bands = new Bands();
let session = null;

class Session {
  clock = new CaptureClock();
  record = new Record();
  hop = 0.5;
  devices = {
    video: { wanted: false, picked: null, shared: false },
    audio: { wanted: false, picked: null, shared: false, waits: false /* for the program */ },
  };
  rate = 8;
  size = null; /* of the latest picture that was sent */
  finishing = 0;
  since = 0; /* what the program's summary begins at */

  constructor({ picture, sound }) {
    this.devices.video.wanted = picture !== 'none';
    this.devices.video.shared = picture === 'screen';
    this.devices.audio.wanted = sound !== 'none';
    this.wire = new Wire((name, detail) => this[`on_${name}`]?.(detail));
    this.pictures = new Pictures($('video'), this.clock, (p) => this.#picture(p));
    this.sound = new Sound(this.clock, (s) => this.#heard(s));
  }

  get t() {
    return this.clock.us() / 1e6;
  }

  /* ---- devices ---- */

  async ask() {
    const { video, audio } = this.devices;
    const got = video.shared ? await this.#askShared() : await askDevices({ video: video.wanted, audio: audio.wanted });
    this.refused = got.refused;
    return got.video || got.audio ? got : null;
  }

  /* The sound of what is shared where it has some, else the microphone. */
  async #askShared() {
    const got = await askScreen();
    if (!this.devices.audio.wanted) got.audio?.stop();
    if (!got.video || got.audio || !this.devices.audio.wanted) return got;
    const { audio, refused } = await askDevices({ audio: true });
    return { video: got.video, audio, refused };
  }

  async begin(got) {
    this.clock.start();
    this.keeping = new Keeping(this.wire);
    this.beside = new Beside(this.wire, this.clock, () => this.#note('a message was sent', false));
    view.emptyLog();
    view.noTroubles();
    view.noAdvice('Waiting for the first look.');
    view.forgetMoment('The first estimate comes after a second or two.');
    for (const kind of ['video', 'audio']) if (got[kind]) await this.#attach(kind, got[kind]);
    for (const kind of ['video', 'audio']) {
      if (!got[kind] && this.devices[kind].wanted) this.#refused(kind, got.refused[kind]);
      this.#button(kind);
    }
    if (this.over) return;
    this.wire.connect(this.#streams());
    await this.#list();
  }

  #streams() {
    return { video: this.pictures.track !== null, audio: this.sound.track !== null };
  }

  /* A permission may come when the session is over: then nothing is to be captured any more. */
  async #attach(kind, track) {
    if (this.over) {
      track.stop();
      return;
    }
    view.trouble(kind, null);
    track.onended = () => this.#lost(kind);
    track.onmute = () => this.#muted(kind, true);
    track.onunmute = () => this.#muted(kind, false);
    if (kind === 'video') {
      $('preview').classList.toggle('mirrored', !this.devices.video.shared);
      this.pictures.start(track, this.rate);
      view.previewNote('');
    } else if (!(await this.#listen(track))) {
      return;
    }
    this.wire.stream(kind, true);
    this.#button(kind);
  }

  async #listen(track) {
    const device = this.devices.audio;
    device.waits = false;
    try {
      await this.sound.start(track);
    } catch {
      device.waits = true;
    }
    if (!device.waits && !this.over) return true;
    this.sound.stop();
    if (device.waits) this.#explain('audio', 'The sound is taken up by itself as soon as the program answers.');
    return false;
  }

  #detach(kind) {
    if (kind === 'video') {
      this.pictures.stop();
      this.size = null;
      view.boxes([], null);
      view.previewNote('No picture');
    } else {
      this.sound.stop();
      view.level(0);
    }
    this.wire.stream(kind, false);
    this.#button(kind);
  }

  #other(kind) {
    return this.#streams()[kind === 'video' ? 'audio' : 'video'];
  }

  #explain(kind, text) {
    const more = this.#other(kind) ? ` ${goingOn(kind)}` : '';
    view.trouble(kind, text + more, { label: 'Try again', run: () => this.switchOn(kind) });
  }

  #refused(kind, why) {
    this.devices[kind].lost = true;
    this.#explain(kind, deviceRefused(kind, why));
    if (kind === 'video') view.previewNote('No picture');
  }

  /* The device was unplugged, or the person ended the sharing in the browser's own bar. */
  #lost(kind) {
    const shared = kind === 'video' && this.devices.video.shared;
    this.devices[kind].lost = true;
    this.#detach(kind);
    const text = shared ? 'The sharing was ended.' : `The ${NAME[kind]} was lost. Plug it in again: it is taken up by itself.`;
    this.#explain(kind, text);
    this.#note(shared ? 'sharing ended' : `${NAME[kind]} lost`);
  }

  #muted(kind, is) {
    this.wire.stream(kind, !is);
    if (is) view.trouble(kind, `The ${NAME[kind]} gives nothing: it may be switched off, or covered, on the computer itself.`);
    else view.trouble(kind, null);
    this.#note(`${NAME[kind]} ${is ? 'silenced' : 'back'}`);
  }

  async switchOn(kind) {
    const device = this.devices[kind];
    const got =
      kind === 'video' && device.shared
        ? await askScreen()
        : await askDevices({ [kind]: true, [NAME[kind]]: device.picked });
    if (!got[kind]) {
      this.#refused(kind, got.refused[kind]);
      return;
    }
    if (kind === 'video' && got.audio) got.audio.stop();
    device.wanted = true;
    device.lost = false;
    await this.#attach(kind, got[kind]);
    this.#note(`${NAME[kind]} on`);
    await this.#list();
  }

  switchOff(kind) {
    this.devices[kind].wanted = false;
    view.trouble(kind, null);
    this.#detach(kind);
    this.#note(`${NAME[kind]} off`);
  }

  toggle(kind) {
    if (this.#streams()[kind]) this.switchOff(kind);
    else this.switchOn(kind);
  }

  pick(kind, id) {
    this.devices[kind].picked = id;
    this.devices[kind].shared = false;
    this.switchOn(kind);
  }

  /* Devices came or went. */
  async devicesChanged() {
    await this.#list();
    for (const kind of ['video', 'audio']) {
      const { lost, wanted, shared } = this.devices[kind];
      if (lost && wanted && !(kind === 'video' && shared)) await this.#takeUp(kind);
    }
  }

  async #takeUp(kind) {
    const got = await askDevices({ [kind]: true, [NAME[kind]]: this.devices[kind].picked });
    if (!got[kind]) return;
    this.devices[kind].lost = false;
    await this.#attach(kind, got[kind]);
    this.#note(`${NAME[kind]} back`);
  }

  /* The devices to choose from, where there is a choice. */
  async #list() {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    for (const kind of ['video', 'audio']) {
      const own = all.filter((d) => d.kind === `${kind}input` && d.deviceId);
      const label = $(`pick-${kind}`), select = label.querySelector('select');
      label.hidden = own.length < 2;
      select.replaceChildren(...own.map((d, i) => new Option(d.label || `${NAME[kind]} ${i + 1}`, d.deviceId)));
      const used = (kind === 'video' ? this.pictures : this.sound).track?.getSettings().deviceId;
      if (used) select.value = used;
    }
  }

  #button(kind) {
    const on = this.#streams()[kind];
    const button = $(`toggle-${kind}`);
    button.setAttribute('aria-pressed', String(on));
    const shared = kind === 'video' && this.devices.video.shared;
    button.textContent = `${shared ? 'Sharing' : TITLE[kind]} ${on ? 'on' : 'off'}`;
  }

  /* ---- what is captured ---- */

  #picture({ t_us, blob, width, height }) {
    this.size = { width, height };
    this.wire.picture(t_us, blob);
  }

  #heard({ t_us, pcm, level }) {
    view.level(level);
    this.wire.sound(t_us, pcm);
  }

  /* ---- what the program says ---- */

  on_connecting({ again }) {
    view.phase(again ? 'reconnecting' : 'connecting');
  }

  on_welcome(w) {
    const first = !this.welcome;
    this.welcome = w;
    this.hop = w.hop_s;
    if (w.rate !== this.rate && this.pictures.track) this.pictures.beat(w.rate);
    this.rate = w.rate;
    this.pictures.limit(w.width_max, w.height_max);
    $('window-s').textContent = String(w.window_s);
    $('model').textContent = w.model ? `Model: ${w.model}; attune ${w.program}.` : `attune ${w.program}.`;
    $('pages').hidden = !w.store;
    this.keeping.offered(w);
    this.beside.offered(w);
    if (first) this.record.lanes = { signals: w.signals ?? [], chat: w.chat ?? false };
    view.phase('live');
    view.awayTrouble(null);
    if (this.devices.audio.waits) this.#takeUp('audio');
    bands.show(this.record);
    if (!first && !w.resumed) this.since = this.t;
    if (!first) this.#note(w.resumed ? 'connected again' : 'connected again; the program was restarted');
    else this.#note('begun', false);
  }

  on_window(said) {
    const w = this.record.add(said, this.hop);
    if (this.record.latest.length === 1) {
      view.now(w);
      bands.draw();
    }
    view.boxes(this.record.latest, this.size, !this.devices.video.shared);
  }

  on_state(s) {
    const on = this.#streams();
    view.advice((s.hints ?? []).filter((name) => on[hintStream(name)] ?? true));
    view.flow({
      lag_ms: s.lag_ms,
      queued: s.queued,
      pictures: s.dropped_frames + this.wire.dropped.pictures + this.pictures.skipped,
      sound_ms: s.dropped_audio_ms + this.wire.dropped.sound_ms,
      windows: s.lost_windows,
    });
    if (Math.round(this.t) % 5 === 0) bands.describe();
  }

  on_kept(said) {
    this.keeping.kept(said);
    this.#note('kept from here on', false);
  }

  on_forgotten() {
    this.keeping.forgotten();
    this.#note('not kept', false);
  }

  on_error({ code, text }) {
    this.#note(`the program said: ${text}`, false);
    if (code === 'full') this.keeping.failed(text);
  }

  on_away({ why }) {
    const phases = { busy: 'busy', locked: 'locked' };
    if (document.body.dataset.phase === 'live') this.#note('connection lost');
    view.phase(phases[why] ?? (this.welcome ? 'reconnecting' : 'connecting'));
    view.awayTrouble(why, () => this.wire.hurry());
    view.forgetMoment('The estimates go on when the connection is back.');
    view.boxes([], null);
    view.noAdvice('Nothing is looked at while the connection is away.');
  }

  on_ended({ summary, kept }) {
    const note = this.since ? `The figures below are of the time since ${clock(this.since)}, when the program was restarted.` : '';
    this.finish(summary, note, kept);
  }

  on_closed({ code }) {
    this.finish(null, code ? away(code) : 'The program gave no summary.');
  }

  /* ---- end ---- */

  end() {
    view.phase('ending');
    this.pictures.stop();
    this.sound.stop();
    if (!this.wire.open) {
      this.finish(null, 'The connection was away when the session ended: there is no summary.');
      return;
    }
    this.wire.end();
    this.finishing = setTimeout(() => this.finish(null, 'The program gave no summary.'), FINISH_MS);
  }

  finish(summary, note, kept) {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.finishing);
    this.wire.close();
    this.pictures.stop();
    this.sound.stop();
    const undone = this.keeping.over(kept);
    this.beside.over();
    view.phase('ended');
    const { windows, lines } = this.record;
    const told = windows.length ? `${duration(this.t)}, ${lines.length} windows. ` : 'No window came. ';
    view.summary(summary, [told + note, undone].filter(Boolean).join(' '));
    view.files(this.record);
    bands.span(0);
    bands.describe();
    $('ended').focus();
  }

  /* ---- the page and the computer ---- */

  #note(text, mark = true) {
    view.log(this.t, text);
    if (mark) this.record.mark(this.t, text);
  }

  hidden(is) {
    if (is) {
      this.#note('page in the background', false);
      return;
    }
    this.#note('page in view again', false);
    this.sound.wake();
    this.wire.hurry();
    bands.draw();
  }

  slept(seconds) {
    this.#note(`the computer slept, or the page was stopped, for ${duration(seconds)}`);
    this.sound.wake();
    this.wire.hurry();
    this.devicesChanged();
  }
}

/* ---- the page's controls ------------------------------------------------------------------------------------- */

async function start(event) {
  event.preventDefault();
  const chosen = Object.fromEntries(new FormData($('choose')));
  if (chosen.picture === 'none' && chosen.sound === 'none') {
    view.startProblem('Choose a picture or a sound: there is nothing to go on otherwise.');
    return;
  }
  view.startProblem(null);
  view.phase('asking');
  $('go').disabled = true;
  const begun = new Session(chosen);
  const got = await begun.ask();
  $('go').disabled = false;
  if (!got) {
    view.phase('start');
    view.startProblem(Object.entries(begun.refused).map(([kind, why]) => deviceRefused(kind, why)).join(' '));
    return;
  }
  session = begun;
  bands.span(60);
  view.phase('connecting');
  $('end').focus();
  await session.begin(got);
}

function again() {
  session = null;
  view.phase('start');
  bands.hide();
  $('go').focus();
}

const active = () => (session && !session.over ? session : null);

$('choose').addEventListener('submit', start);
$('again').addEventListener('click', again);
$('end').addEventListener('click', () => active()?.end());
for (const kind of ['video', 'audio']) {
  $(`toggle-${kind}`).addEventListener('click', () => active()?.toggle(kind));
  $(`pick-${kind}`).addEventListener('change', (e) => active()?.pick(kind, e.target.value));
}
$('hide').addEventListener('click', () => {
  const hidden = $('preview').classList.toggle('veiled');
  $('hide').setAttribute('aria-pressed', String(hidden));
  $('hide').textContent = hidden ? 'Show my picture' : 'Hide my picture';
});
$('table').addEventListener('toggle', () => bands.describe());
$('offer-screen').hidden = !canShare();
navigator.mediaDevices?.addEventListener('devicechange', () => active()?.devicesChanged());
document.addEventListener('visibilitychange', () => active()?.hidden(document.hidden));
addEventListener('online', () => active()?.wire.hurry());

/* A clock that jumps while the page is in view: the lid was closed. */
const SLEPT_MS = 10000;
let ticked = Date.now();
setInterval(() => {
  const gap = Date.now() - ticked;
  ticked = Date.now();
  if (gap > SLEPT_MS && !document.hidden) active()?.slept(gap / 1000);
}, 1000);

/* Another computer's page says where its pictures go. */
if (!['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname)) {
  $('where').textContent = `this computer but to ${location.hostname}`;
  $('where-more').textContent = `Pictures and sound go from this page, encrypted, to the program on ${location.hostname}, and to nobody else.`;
  $('consent-where').textContent = `The computer that keeps it is ${location.hostname}. Whoever may open this page there can read and delete it.`;
  $('consent-where').hidden = false;
}
