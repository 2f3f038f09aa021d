/* record.js - the windows of a session, as they came and as the page needs them, and as files. */
import { EMOTIONS, ENGAGEMENTS, LEVELS, STATES, STREAMS } from '/words.js';

const numbers = (said, prefix, names) => names.map((name) => said[`${prefix}_${name}`] ?? 0);

/* The mean level of each state, 0..3; null without a face. */
function levels(said) {
  if (said.state_boredom_0 == null) return null;
  return STATES.map((s) => LEVELS.reduce((sum, _, k) => sum + k * said[`state_${s}_${k}`], 0));
}

/* Of columns their means, of a chat its messages and what they speak of: { signals: [...], messages, chat: { name: share } },
 * null for what there is not. */
function beside(said, { signals, chat }) {
  const speaks = [...EMOTIONS, ...STATES].filter((name) => said[`chat_${name}`] > 0);
  return {
    signals: signals.map(({ name }) => said[`signal_mean_${name}`] ?? null),
    messages: chat ? (said.chat_messages ?? null) : null,
    chat: Object.fromEntries(speaks.map((name) => [name, said[`chat_${name}`]])),
    rests: (said.weight_signal ?? 0) + (said.weight_chat ?? 0) > 0,
  };
}

function read(said, hop, lanes) {
  return {
    start: said.start_s,
    end: said.end_s,
    hop,
    track: said.track,
    used: STREAMS.map((name) => said[`used_${name}`]),
    abstain: said.abstain,
    emotion: numbers(said, 'emotion', EMOTIONS),
    weight: numbers(said, 'weight', STREAMS),
    reliability: numbers(said, 'reliability', STREAMS),
    engagement: said.engagement_partial == null ? null : numbers(said, 'engagement', ENGAGEMENTS),
    levels: levels(said),
    box: said.track ? numbers(said, 'box', ['x', 'y', 'w', 'h']) : null,
    seen: said.seen_face,
    beside: beside(said, lanes),
  };
}

/* A line of timeline.jsonl: what came, without the word that it is a window. */
const bare = (line) => line.trim().replace(/^\{\s*"type"\s*:\s*"window"\s*,\s*/, '{');

/* Its members are numbers, true, false and null: the text of each is kept as it is. */
const members = (line) =>
  bare(line)
    .slice(1, -1)
    .split(',')
    .map((pair) => pair.split(':').map((part) => part.trim()));

const CELL = { true: '1', false: '0', null: '' };

export class Record {
  lines = [];
  windows = []; /* one for each moment: of the face that was seen first, or of the voice */
  latest = []; /* all of the latest moment */
  marks = []; /* { t, text } */
  lanes = { signals: [], chat: false }; /* beside picture and sound, as the program names them */
  spoken = []; /* what some message spoke of */
  rests = false; /* whether some estimate rested on a lane */

  add(said, hop) {
    const w = read(said, hop, this.lanes);
    this.lines.push(said.line);
    if (this.latest.length && this.latest[0].end !== w.end) this.latest = [];
    this.latest.push(w);
    if (this.latest.length === 1) this.windows.push(w);
    for (const name of Object.keys(w.beside.chat)) if (!this.spoken.includes(name)) this.spoken.push(name);
    this.rests ||= w.beside.rests;
    return w;
  }

  mark(t, text) {
    this.marks.push({ t, text });
  }

  /* The index of the window whose step has the moment t, or -1. */
  at(t) {
    let low = 0, high = this.windows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.windows[middle].end < t) low = middle + 1;
      else high = middle;
    }
    const w = this.windows[low];
    return w && t >= w.end - w.hop ? low : -1;
  }

  since(t) {
    let from = this.windows.length;
    while (from > 0 && this.windows[from - 1].end > t) from--;
    return this.windows.slice(from);
  }

  jsonl() {
    return new Blob(this.lines.map((line) => `${bare(line)}\n`), { type: 'application/jsonl' });
  }

  csv() {
    if (!this.lines.length) return new Blob([]);
    const names = members(this.lines[0]).map(([name]) => name);
    const rows = this.lines.map((line) => {
      const told = new Map(members(line));
      return names.map((name) => CELL[told.get(name)] ?? told.get(name)); /* a program that was restarted may tell of others */
    });
    return new Blob([names.map((name) => name.slice(1, -1)), ...rows].map((row) => `${row.join(',')}\n`), { type: 'text/csv' });
  }
}
