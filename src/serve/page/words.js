/* words.js - what the page says, in words. */
export const EMOTIONS = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'];
export const STATES = ['boredom', 'engagement', 'confusion', 'frustration'];
export const LEVELS = ['very low', 'low', 'high', 'very high'];
export const ENGAGEMENTS = ['disengaged', 'partial', 'engaged'];
export const STREAMS = ['face', 'voice'];

export const percent = (x) => `${Math.round(100 * x)}\u202f%`;

export function clock(seconds, tenths = false) {
  const s = Math.max(0, seconds);
  const minutes = Math.floor(s / 60);
  const rest = tenths ? (s % 60).toFixed(1).padStart(4, '0') : String(Math.floor(s % 60)).padStart(2, '0');
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

export const duration = (s) =>
  s < 60 ? `${s < 9.95 ? Math.round(10 * s) / 10 : Math.round(s)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

/* ---- picture and sound: what is wrong, and what to do ---------------------------------------------------- */

const HINTS = {
  no_face: ['No face is found in the picture.', 'Move into view, or turn the camera.'],
  small_face: ['Your face is small in the picture.', 'Come nearer to the camera.'],
  face_dark: ['Your face is dark.', 'Turn towards a window or a lamp.'],
  face_bright: ['Your face is too bright.', 'Turn away from the lamp or the sun.'],
  blurred: ['Your face is blurred.', 'Wipe the lens, keep still, or come nearer.'],
  face_covered: ['Only part of your face is seen.', 'Take away the hand, or move into the middle of the picture.'],
  turned: ['Your face is turned away.', 'It is judged best from the front.'],
  no_voice: ['No voice is heard.', 'While you are silent the face alone is judged.'],
  noise: ['The microphone hears mostly noise.', 'Go nearer to it, or use a headset.'],
};

/* The stream that a hint speaks of. */
export const hintStream = (name) => (['no_voice', 'noise'].includes(name) ? 'audio' : 'video');

/* -> [what is so, what to do]. One that is not known yet says its name. */
export const hint = (name) => HINTS[name] ?? [`${name.replaceAll('_', ' ')}.`.replace(/^./, (c) => c.toUpperCase()), ''];

/* ---- devices ------------------------------------------------------------------------------------------- */

const DEVICE = { video: 'camera', audio: 'microphone' };

export function deviceRefused(kind, why) {
  const name = DEVICE[kind];
  switch (why) {
    case 'denied':
      return `This page may not use the ${name}. To change that, click the sign before the address, allow the ${name}, and try again.`;
    case 'missing':
      return `No ${name} was found. Plug one in, and try again.`;
    case 'busy':
      return `The ${name} does not answer; another program may be using it. Close that, and try again.`;
  }
  return `The ${name} cannot be used here.`;
}

export const goingOn = (kind) =>
  kind === 'video' ? 'Going on with the voice alone.' : 'Going on with the face alone.';

/* ---- connection ---------------------------------------------------------------------------------------- */

const AWAY = {
  gone: 'The program does not answer. If it was stopped, start “attune serve” again: this page finds it by itself.',
  locked: 'The program was started anew and does not know this page any more. Open the address that it printed when it started.',
  busy: 'The program serves as many sessions as it can at the moment. This page tries again by itself.',
  full: 'The program has no room for that. This page tries again by itself.',
  idle: 'Nothing came for a while. The session goes on when a camera or a microphone is on again.',
  too_fast: 'More was sent than the program takes. This page tries again, slower.',
  internal: 'Something went wrong in the program. This page tries again.',
  version: 'This page and the program are not of the same version. Load the page again.',
  protocol: 'The program did not understand this page. Load the page again.',
  too_large: 'A picture was too large for the program. Load the page again.',
};

export const away = (why) => AWAY[why] ?? AWAY.internal;

/* The phase of the page, as the line at its top says it. */
export const PHASES = {
  start: 'Not started',
  asking: 'Waiting for your permission',
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Connection lost, trying again',
  busy: 'Waiting for a free place',
  locked: 'Not allowed in',
  ending: 'Finishing',
  ended: 'Ended',
};

/* ---- a window ------------------------------------------------------------------------------------------ */

const ranked = (values, names) => values.map((v, i) => [v, names[i]]).sort((a, b) => b[0] - a[0]);

/* The likeliest first: "happy 62 %, neutral 20 %". */
export const likeliest = (values, names, most = 3) =>
  ranked(values, names)
    .filter(([v]) => v >= 0.05)
    .slice(0, most)
    .map(([v, name]) => `${name} ${percent(v)}`)
    .join(', ');

export function restsOn(w) {
  const [face, voice] = w.weight;
  if (face + voice === 0) return 'nothing: there is too little to go on';
  if (voice === 0) return 'the face alone';
  if (face === 0) return 'the voice alone';
  return `face ${percent(face)}, voice ${percent(voice)}`;
}

export const amount = (x) => (Math.abs(x) < 1e6 ? String(+x.toPrecision(3)) : x.toExponential(1));

const messages = (n) => `${n} message${n === 1 ? '' : 's'}`;

/* "heart_rate 74.2, clicks 0.33/s", and "1 message: confusion 80 %", where there are such. */
function besideLines({ signals, messages: n, chat }, lanes) {
  const told = lanes.signals.map(({ name, events }, i) => signals[i] !== null && `${name} ${amount(signals[i])}${events ? '/s' : ''}`);
  const spoken = likeliest(Object.values(chat), Object.keys(chat));
  return [told.filter(Boolean).join(', '), n ? messages(n) + (spoken && `: ${spoken}`) : ''].filter(Boolean);
}

/* All that is to be said of a moment, a line each. lanes: as the record has them. */
export function moment(w, lanes) {
  return [...momentLines(w), ...besideLines(w.beside, lanes)];
}

function momentLines(w) {
  const lines = [`${clock(w.start, true)} – ${clock(w.end, true)}`];
  if (w.abstain) lines.push('estimate withheld');
  if (w.weight[0] + w.weight[1] === 0) return lines.concat('nothing to go on');
  lines.push(likeliest(w.emotion, EMOTIONS), `rests on ${restsOn(w)}`);
  if (w.engagement) lines.push(likeliest(w.engagement, ENGAGEMENTS));
  return lines;
}

/* A stretch of windows in a sentence, for those who do not see the plot. */
export function stretch(windows, hop) {
  if (!windows.length) return 'Nothing yet.';
  const told = windows.filter((w) => !w.abstain && w.weight[0] + w.weight[1] > 0);
  const time = new Array(EMOTIONS.length).fill(0);
  for (const w of told) time[w.emotion.indexOf(Math.max(...w.emotion))] += 1;
  const span = `${clock(windows[0].start)} to ${clock(windows.at(-1).end)}`;
  if (!told.length) return `${span}: no estimate was given.`;
  const shares = likeliest(time.map((n) => n / told.length), EMOTIONS, 4);
  const withheld = (windows.length - told.length) * hop;
  return `${span}: likeliest by time: ${shares}.` + (withheld ? ` Withheld for ${duration(withheld)}.` : '');
}
