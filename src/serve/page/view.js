/* view.js - what stands in the page beside the plots: phase, moment, box, advice, troubles, log, summary. */
import { $, make, say } from '/dom.js';
import { away, clock, duration, EMOTIONS, ENGAGEMENTS, hint, likeliest, percent, PHASES, restsOn } from '/words.js';

/* ---- phase ----------------------------------------------------------------------------------------------- */

const SECTION = { start: 'start', asking: 'start', ended: 'ended' };

export function phase(name) {
  if (document.body.dataset.phase === name) return;
  document.body.dataset.phase = name;
  say('status-text', PHASES[name]);
  for (const id of ['start', 'live', 'ended']) $(id).hidden = id !== (SECTION[name] ?? 'live');
  document.title = `attune: ${PHASES[name].toLowerCase()}`;
}

/* ---- troubles: each under a name, until it is over ----------------------------------------------------------- */

const troubles = new Map();

/* text null: over. action: { label, run }. */
export function trouble(name, text, action) {
  if ((troubles.get(name)?.dataset.text ?? null) === text) return;
  troubles.get(name)?.remove();
  troubles.delete(name);
  if (text === null) return;
  const item = make('li', { className: 'problem' }, make('span', { textContent: text }));
  item.dataset.text = text;
  if (action) {
    const button = make('button', { type: 'button', textContent: action.label });
    button.addEventListener('click', action.run);
    item.append(' ', button);
  }
  troubles.set(name, item);
  $('trouble').append(item);
}

export function noTroubles() {
  for (const name of [...troubles.keys()]) trouble(name, null);
}

export const awayTrouble = (why, run) => trouble('wire', why && away(why), why && { label: 'Try now', run });

export function startProblem(text) {
  $('start-problem').hidden = !text;
  say('start-problem', text ?? '');
}

/* ---- log ------------------------------------------------------------------------------------------------- */

export function log(t, text) {
  $('log').querySelector('ol').append(make('li', {}, make('time', { textContent: clock(t) }), ` ${text}`));
}

export const emptyLog = () => $('log').querySelector('ol').replaceChildren();

/* ---- moment ---------------------------------------------------------------------------------------------- */

export function now(w) {
  const nothing = w.weight[0] + w.weight[1] === 0;
  const k = w.emotion.indexOf(Math.max(...w.emotion));
  const others = likeliest(w.emotion.with(k, 0), EMOTIONS);

  say('most', w.abstain ? 'withheld' : EMOTIONS[k]);
  say('most-share', w.abstain ? '' : percent(w.emotion[k]));
  if (nothing) say('then', 'There is too little to go on.');
  else if (w.abstain) say('then', `No expression is likely enough: ${likeliest(w.emotion, EMOTIONS)}.`);
  else say('then', others ? `then ${others}` : 'nothing else stands out');
  say('rests', restsOn(w));
  say('engaged', w.engagement ? likeliest(w.engagement, ENGAGEMENTS, 2) : 'no face to judge it by');
  $('most').dataset.emotion = w.abstain ? 'withheld' : String(k);
}

export function forgetMoment(text) {
  for (const id of ['most', 'rests', 'engaged', 'lag']) say(id, '–');
  say('most-share', '');
  say('then', text);
  $('most').dataset.emotion = '';
}

export const level = (value) => ($('level').value = value);

/* ---- box over the preview ---------------------------------------------------------------------------------- */

/* windows: the latest ones; size: of the pictures that were sent; mirrored: as the preview is. */
export function boxes(windows, size, mirrored) {
  const canvas = $('boxes'), video = $('video');
  const ratio = devicePixelRatio;
  canvas.width = Math.round(video.clientWidth * ratio);
  canvas.height = Math.round(video.clientHeight * ratio);
  const pen = canvas.getContext('2d');
  if (!size) return;
  const sx = canvas.width / size.width, sy = canvas.height / size.height;
  pen.lineWidth = 2.5 * ratio;
  for (const { box, seen } of windows) {
    if (!box || seen < 0.2) continue;
    const [x, y, w, h] = box;
    const left = mirrored ? size.width - x - w : x;
    pen.strokeStyle = seen < 0.5 ? '#ffffff80' : '#ffffff';
    pen.shadowColor = '#000';
    pen.shadowBlur = 3 * ratio;
    pen.beginPath();
    pen.roundRect(left * sx, y * sy, w * sx, h * sy, 6 * ratio);
    pen.stroke();
  }
}

export const previewNote = (text) => say('preview-note', text);

/* ---- advice ------------------------------------------------------------------------------------------------ */

const SHOWN_AFTER = 2, HIDDEN_AFTER = 2; /* states in a row, of a second each */
const hints = new Map(); /* name -> states with it (> 0), or without (< 0) */
let adviceShown = '';

export function advice(names) {
  for (const name of names) hints.set(name, Math.max(0, hints.get(name) ?? 0) + 1);
  for (const [name, n] of hints) {
    if (names.includes(name)) continue;
    if (n >= SHOWN_AFTER) hints.set(name, -1);
    else if (n < 0 && n > -HIDDEN_AFTER) hints.set(name, n - 1);
    else hints.delete(name);
  }
  const shown = [...hints].filter(([, n]) => n >= SHOWN_AFTER || n < 0).map(([name]) => name);
  const key = shown.join();
  if (key === adviceShown && $('advice').childElementCount) return;
  adviceShown = key;
  const items = shown.map((name) => {
    const [what, todo] = hint(name);
    return make('li', {}, make('b', { textContent: what }), todo && ` ${todo}`);
  });
  if (!items.length) items.push(make('li', { className: 'good', textContent: 'Nothing stands in the way of judging them.' }));
  $('advice').replaceChildren(...items);
}

export function noAdvice(text) {
  hints.clear();
  adviceShown = null;
  $('advice').replaceChildren(make('li', { className: 'idle', textContent: text }));
}

/* ---- flow -------------------------------------------------------------------------------------------------- */

const counted = (n, name) => `${n} ${name}${n === 1 ? '' : 's'}`;

export function flow({ lag_ms, pictures, sound_ms, windows, queued }) {
  const lag = lag_ms == null ? '–' : `${(lag_ms / 1000).toFixed(1)} s`;
  say('lag', lag);
  const lost = [
    pictures && `${counted(pictures, 'picture')} dropped`,
    sound_ms >= 1 && `${duration(sound_ms / 1000)} of sound dropped`,
    windows && `${counted(windows, 'window')} lost on the way`,
  ].filter(Boolean);
  say('flow', `Lag ${lag}, ${counted(queued, 'picture')} waiting; ${lost.length ? lost.join(', ') : 'nothing dropped'}.`);
}

/* ---- end --------------------------------------------------------------------------------------------------- */

const tile = (figure, text) => make('li', {}, make('b', { textContent: figure }), make('span', { textContent: text }));

function topicTile(topic, what) {
  if (!topic?.most) return tile('–', `${what}: too little to say`);
  const interval = topic.interval?.[topic.most];
  const spread = interval ? ` (${Math.round(100 * interval[0])}–${Math.round(100 * interval[1])} %)` : '';
  return tile(topic.most, `most frequent ${what}: ${percent(topic.share[topic.most])}${spread} of ${duration(topic.seconds)}`);
}

const presenceTile = (presence, what) =>
  tile(presence ? duration(presence.seconds) : '–', presence?.share == null ? what : `${what}, ${percent(presence.share)}`);

function unusual(states) {
  const told = Object.entries(states ?? {})
    .filter(([, s]) => s.unusual)
    .map(([name, s]) => `${name} ${s.unusual.difference > 0 ? 'higher' : 'lower'} than usual`);
  return told.length ? told.join(', ') : 'nothing unusual';
}

export function summary(s, note) {
  say('ended-note', note);
  if (!s) return $('tiles').replaceChildren();
  $('tiles').replaceChildren(
    topicTile(s.all?.expression, 'expression'),
    topicTile(s.all?.engagement, 'engagement'),
    tile(unusual(s.all?.states), 'learning states'),
    presenceTile(s.presence?.face, 'with a face in view'),
    presenceTile(s.presence?.voice, 'with a usable voice'),
    presenceTile(s.presence?.estimate, 'with a given estimate'),
  );
}

export function files(record) {
  for (const [id, blob] of [['save-csv', record.csv()], ['save-jsonl', record.jsonl()]]) {
    URL.revokeObjectURL($(id).href);
    $(id).href = URL.createObjectURL(blob);
  }
}
