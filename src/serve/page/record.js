/* record.js - the windows of a session, as they came and as the page needs them, and as files. */
import { EMOTIONS, ENGAGEMENTS, LEVELS, STATES, STREAMS } from '/words.js';

const numbers = (said, prefix, names) => names.map((name) => said[`${prefix}_${name}`] ?? 0);

/* The mean level of each state, 0..3; null without a face. */
function levels(said) {
  if (said.state_boredom_0 == null) return null;
  return STATES.map((s) => LEVELS.reduce((sum, _, k) => sum + k * said[`state_${s}_${k}`], 0));
}

function read(said, hop) {
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

  add(said, hop) {
    const w = read(said, hop);
    this.lines.push(said.line);
    if (this.latest.length && this.latest[0].end !== w.end) this.latest = [];
    this.latest.push(w);
    if (this.latest.length === 1) this.windows.push(w);
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
    const head = members(this.lines[0]).map(([name]) => name.slice(1, -1));
    const rows = this.lines.map((line) => members(line).map(([, value]) => CELL[value] ?? value));
    return new Blob([head, ...rows].map((row) => `${row.join(',')}\n`), { type: 'text/csv' });
  }
}
