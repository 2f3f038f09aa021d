/* bands.js - plots of a session over time, one below the other on one time axis (uPlot draws axes and
 * cursor; the steps, a window each as in the report, are paths of ours). */
import { $, colour, make, onScheme } from '/dom.js';
import { amount, clock, EMOTIONS, ENGAGEMENTS, STATES, STREAMS, moment, percent, stretch } from '/words.js';

/* global uPlot */

/* Bands from the bottom up: [class, colour]. */
const STACKS = {
  emotion: [0, 1, 2, 6, 4, 5, 3].map((k) => [k, `--e${k}`]),
  weight: [0, 1].map((k) => [k, `--m${k}`]),
  engagement: [0, 1, 2].map((k) => [k, `--g${k}`]),
};
const NAMES = { emotion: EMOTIONS, weight: STREAMS, engagement: ENGAGEMENTS };

/* Nothing to show of a window, in each plot. */
const EMPTY = {
  emotion: (w) => w.weight[0] + w.weight[1] === 0,
  weight: (w) => w.weight[0] + w.weight[1] === 0,
  engagement: (w) => !w.engagement,
};

/* ---- paths --------------------------------------------------------------------------------------------- */

/* The band between the series below and this one, a step for each window, in one piece as long as windows
 * follow each other. u.data[0] are ends. */
function steps(u, series, first, last) {
  const path = new Path2D();
  const ends = u.data[0], top = u.data[series], below = series > 1 ? u.data[series - 1] : null;
  const x = (t) => Math.round(u.valToPos(t, 'x', true));
  const y = (v) => u.valToPos(v, 'y', true);
  const follows = (i) => top[i] != null && ends[i] - u.hops[i] - ends[i - 1] < 0.01;

  for (let i = first; i <= last; i++) {
    if (top[i] == null) continue;
    const from = i;
    path.moveTo(x(ends[i] - u.hops[i]), y(top[i]));
    for (; i === from || (i <= last && follows(i)); i++) {
      path.lineTo(x(ends[i] - u.hops[i]), y(top[i]));
      path.lineTo(x(ends[i]), y(top[i]));
    }
    for (let k = --i; k >= from; k--) {
      path.lineTo(x(ends[k]), y(below ? below[k] : u.scales.y.min));
      path.lineTo(x(ends[k] - u.hops[k]), y(below ? below[k] : u.scales.y.min));
    }
    path.closePath();
  }
  return { fill: path, stroke: path };
}

let hatched = { key: '', pattern: null };

function hatching(context, ratio) {
  const key = `${colour('--hatch')} ${ratio}`;
  if (hatched.key !== key) hatched = { key, pattern: makeHatching(context, ratio) };
  return hatched.pattern;
}

function makeHatching(context, ratio) {
  const side = Math.round(8 * ratio);
  const tile = new OffscreenCanvas(side, side);
  const pen = tile.getContext('2d');
  pen.strokeStyle = colour('--hatch');
  pen.lineWidth = ratio;
  for (const at of [-side, 0, side]) {
    pen.beginPath();
    pen.moveTo(at - 1, side + 1);
    pen.lineTo(at + side + 1, -1);
    pen.stroke();
  }
  return context.createPattern(tile, 'repeat');
}

/* Over the steps: hatched where there is nothing, veiled and hatched where the estimate was withheld, if it is one. */
function cover(u) {
  const { left, top, width, height } = u.bbox;
  const pen = u.ctx;
  const [from, to] = [u.scales.x.min, u.scales.x.max];

  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  const hatch = hatching(pen, devicePixelRatio);
  for (const w of u.windows) {
    if (w.end < from || w.end - w.hop > to || !((u.judged && w.abstain) || u.empty(w))) continue;
    const x0 = Math.round(u.valToPos(w.end - w.hop, 'x', true));
    const x1 = Math.round(u.valToPos(w.end, 'x', true));
    if (!u.empty(w)) {
      pen.fillStyle = colour('--veil');
      pen.fillRect(x0, top, x1 - x0, height);
    }
    pen.fillStyle = hatch;
    pen.fillRect(x0, top, Math.max(1, x1 - x0), height);
  }
  pen.strokeStyle = colour('--ink');
  pen.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { t } of u.marks) {
    const x = Math.round(u.valToPos(t, 'x', true)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, top);
    pen.lineTo(x, top + height);
    pen.stroke();
  }
  pen.restore();
}

/* ---- one plot ------------------------------------------------------------------------------------------ */

const AXIS_HEIGHT = 24;

function series(names, colours) {
  return [
    {},
    ...names.map((label, i) => ({
      label,
      paths: steps,
      points: { show: false },
      fill: () => colour(colours[i]),
      stroke: (u) => (u.wide ? colour('--page') : 'transparent'),
      width: 0.8,
    })),
  ];
}

const timeAxis = {
  scale: 'x',
  size: AXIS_HEIGHT,
  gap: 3,
  stroke: () => colour('--soft'),
  font: '12px system-ui, sans-serif',
  grid: { show: false },
  ticks: { size: 4, width: 1, stroke: () => colour('--line') },
  incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600],
  align: 1,
  /* the last one where there is room for it */
  values: (u, splits) => {
    const { min, max } = u.scales.x;
    return splits.map((s) => (((max - s) / (max - min)) * u.width < 34 ? '' : clock(s)));
  },
};

class Plot {
  /* range: [least, most], or such of the windows that are drawn. judged: values are estimates, which may be withheld. */
  constructor(place, { names, colours, range, axis, values, empty, cursor, judged = true }) {
    this.place = place;
    this.values = values; /* window -> what is drawn of it, an array or null */
    this.range = range;
    this.y = [0, 1];
    this.axis = axis;
    this.x = [0, 60];
    const size = this.size();
    this.u = new uPlot(
      {
        ...size,
        padding: [0, 0, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false }, sync: { key: 'time' } },
        scales: { x: { time: false, range: () => this.x }, y: { range: () => this.y } },
        axes: [axis ? timeAxis : { show: false }, { show: false }],
        series: series(names, colours),
        hooks: { draw: [cover], setCursor: [cursor] },
      },
      null,
      place,
    );
    Object.assign(this.u, { windows: [], marks: [], hops: [], empty, judged });
    this.watch = new ResizeObserver(() => this.u.setSize(this.size()));
    this.watch.observe(place);
  }

  remove() {
    this.watch.disconnect();
    this.u.destroy();
  }

  size() {
    return { width: Math.max(40, this.place.clientWidth), height: this.place.clientHeight };
  }

  draw(windows, marks, x) {
    const columns = this.u.series.map(() => []);
    for (const w of windows) {
      const values = this.u.empty(w) ? null : this.values(w);
      columns[0].push(w.end);
      for (let i = 1; i < columns.length; i++) columns[i].push(values && values[i - 1]);
    }
    this.x = x;
    this.y = typeof this.range === 'function' ? this.range(windows) : this.range;
    Object.assign(this.u, { windows, marks, hops: windows.map((w) => w.hop) });
    this.u.wide = (this.u.bbox.width / (x[1] - x[0])) * 0.5 > 5 * devicePixelRatio;
    this.u.setData(columns);
  }
}

const heaped = (values) => {
  let sum = 0;
  return values.map((v) => (sum += v));
};

/* From the lowest to the highest value of all, with a little room; of counts from 0. */
function around(values, counts) {
  const low = counts ? 0 : Math.min(...values), high = Math.max(...values);
  if (!values.length) return [0, 1];
  const room = high > low ? 0.05 * (high - low) : Math.max(Math.abs(high) / 20, 1e-3);
  return [counts ? 0 : low - room, high + room];
}

/* ---- all of them --------------------------------------------------------------------------------------- */

export class Bands {
  #record;
  #plots = [];
  #rows = []; /* { value element, of a window -> text, plot of a curve } */
  #beside = []; /* those of the rows that are of lanes beside */
  #spoken = 0; /* classes that the chat's have curves of */
  #span = 60;
  #pointed = null; /* the moment that is pointed at; null: the latest */
  #root = $('over-time');
  #tip = $('tip');
  #slider = $('moment');

  constructor() {
    this.#stack('emotion', true);
    this.#stack('weight', false);
    this.#stack('engagement', false);
    STREAMS.forEach((name, m) =>
      this.#curve('rows-reliability', { name: `${name} reliability`, note: '0–100 %', colour: `--m${m}`, range: [0, 1], of: (w) => w.reliability[m] || null }),
    );
    STATES.forEach((name, s) =>
      this.#curve('rows-state', {
        name,
        note: '0 very low – 3 very high',
        colour: '--g1',
        range: [0, 3],
        of: (w) => w.levels?.[s],
        text: (v) => v.toFixed(1),
        axis: s === STATES.length - 1,
      }),
    );
    this.#slider.addEventListener('input', () => this.#byKey());
    this.#slider.addEventListener('focus', () => this.#byKey());
    this.#slider.addEventListener('blur', () => this.#point(null));
    this.#root.addEventListener('pointerleave', () => this.#point(null));
    $('span').addEventListener('change', (e) => this.span(+e.target.value));
    onScheme(() => this.draw());
  }

  show(record) {
    if (this.#record !== record) this.#lay(record);
    this.#record = record;
    this.#root.hidden = false;
    this.draw();
  }

  /* The lanes beside: a curve of each column, and of how many messages there are; those of what they speak of come when
   * one does. */
  #lay({ lanes: { signals, chat } }) {
    for (const { plot } of this.#beside) plot.remove();
    this.#plots = this.#plots.filter((plot) => !this.#beside.some((row) => row.plot === plot));
    this.#rows = this.#rows.filter((row) => !this.#beside.includes(row));
    this.#beside = [];
    this.#spoken = 0;
    $('rows-beside').replaceChildren();
    $('plots-beside').hidden = !signals.length && !chat;
    signals.forEach(({ name, events }, i) =>
      this.#lane({ name, note: events ? 'a second' : 'in its own unit', colour: '--m2', of: (w) => w.beside.signals[i], text: amount, counts: events }),
    );
    if (chat) this.#lane({ name: 'messages', note: 'in the window', colour: '--m3', of: (w) => w.beside.messages, text: String, counts: true });
  }

  #lane({ counts, ...lane }) {
    const values = (windows) => windows.map(lane.of).filter((v) => v != null);
    this.#beside.push(this.#curve('rows-beside', { range: (windows) => around(values(windows), counts), ...lane, judged: false }));
  }

  #hear({ spoken, rests }) {
    for (; this.#spoken < spoken.length; this.#spoken++) {
      const name = spoken[this.#spoken];
      const of = (w) => (w.beside.messages == null ? null : (w.beside.chat[name] ?? 0));
      this.#lane({ name, note: 'by their words', colour: '--m3', range: [0, 1], of });
    }
    $('beside-rests').textContent = rests ? '' : '(no estimate rests on it)';
  }

  hide() {
    this.#root.hidden = true;
  }

  span(seconds) {
    this.#span = seconds;
    $('span').value = String(seconds);
    this.draw();
  }

  /* Draws what there is now. */
  draw() {
    if (!this.#record || this.#root.hidden) return;
    this.#hear(this.#record);
    const { windows, marks } = this.#record;
    const end = windows.length ? windows.at(-1).end : 0;
    const x = this.#span ? [Math.max(0, end - this.#span), Math.max(this.#span, end)] : [0, Math.max(10, end)];
    const shown = windows.slice(this.#first(x[0]));
    for (const plot of this.#plots) plot.draw(shown, marks, x);
    this.#slide(windows);
    this.#tell();
  }

  /* For those who do not see the plots: what they show in a sentence, and the latest rows of a table. */
  describe() {
    if (!this.#record) return;
    const { windows } = this.#record;
    const hop = windows.length ? windows.at(-1).hop : 0.5;
    const last = this.#span ? this.#record.since(windows.length ? windows.at(-1).end - this.#span : 0) : windows;
    $('plot-emotion').setAttribute('aria-label', `Perceived expression. ${stretch(last, hop)}`);
    this.#table(windows.slice(-12).reverse());
  }

  #first(t) {
    const { windows } = this.#record;
    let i = windows.length;
    while (i > 0 && windows[i - 1].end > t) i--;
    return i;
  }

  #stack(name, axis) {
    const order = STACKS[name];
    this.#plots.push(
      new Plot($(`plot-${name}`), {
        names: order.map(([k]) => NAMES[name][k]),
        colours: order.map(([, c]) => c),
        range: [0, 1],
        axis,
        values: (w) => heaped(order.map(([k]) => w[name][k])),
        empty: EMPTY[name],
        cursor: (u) => this.#cursor(u),
      }),
    );
    const legend = $(`legend-${name}`);
    for (const [k, c] of [...order].reverse()) {
      const value = make('span', { className: 'value' });
      const swatch = make('i', { className: 'swatch' });
      swatch.style.setProperty('--c', `var(${c})`);
      legend.append(make('li', {}, swatch, NAMES[name][k], value));
      this.#rows.push({ value, of: (w) => (EMPTY[name](w) ? '–' : percent(w[name][k])) });
    }
  }

  /* of: window -> value, null where there is none; text: of a value. */
  #curve(parent, { name, note, colour, range, of, text = percent, axis = false, judged = true }) {
    const place = make('div', { className: axis ? 'plot small with-axis' : 'plot small' });
    const value = make('div', { className: 'value' });
    place.setAttribute('role', 'img');
    place.setAttribute('aria-label', `${name} over time`);
    $(parent).append(make('div', { className: 'row' }, make('div', { className: 'label' }, name, ' ', make('small', {}, note)), place, value));
    const empty = (w) => of(w) == null;
    const plot = new Plot(place, { names: [name], colours: [colour], range, axis, values: (w) => [of(w)], empty, judged, cursor: (u) => this.#cursor(u) });
    const row = { plot, value, of: (w) => (empty(w) ? '–' : text(of(w))) };
    this.#plots.push(plot);
    this.#rows.push(row);
    return row;
  }

  /* ---- the values of a moment ---- */

  #cursor(u) {
    const { left, event } = u.cursor;
    if (!event || left == null || left < 0 || !u.over.matches(':hover')) return;
    this.#point(u.posToVal(left, 'x'), event);
  }

  #byKey() {
    const w = this.#record?.windows[+this.#slider.value];
    if (!w) return;
    this.#pointed = +this.#slider.value === this.#record.windows.length - 1 ? null : w.end;
    this.#slider.setAttribute('aria-valuetext', moment(w, this.#record.lanes).join('; '));
    this.#tell();
  }

  #slide(windows) {
    const last = Math.max(0, windows.length - 1);
    this.#slider.max = String(last);
    if (this.#pointed === null) this.#slider.value = String(last);
    if (windows.length && document.activeElement !== this.#slider)
      this.#slider.setAttribute('aria-valuetext', moment(windows[+this.#slider.value], this.#record.lanes).join('; '));
  }

  #point(t, event) {
    this.#pointed = t;
    if (t === null) this.#tip.hidden = true;
    else this.#showTip(t, event);
    this.#tell();
  }

  #showTip(t, event) {
    const i = this.#record.at(t);
    this.#tip.hidden = i < 0;
    if (i < 0) return;
    this.#tip.textContent = moment(this.#record.windows[i], this.#record.lanes).join('\n');
    const box = this.#root.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    this.#tip.style.left = `${Math.max(0, Math.min(x + 14, box.width - this.#tip.offsetWidth))}px`;
    this.#tip.style.top = `${Math.max(0, y - this.#tip.offsetHeight - 16)}px`;
  }

  #tell() {
    if (!this.#record) return;
    const { windows } = this.#record;
    const i = this.#pointed === null ? windows.length - 1 : this.#record.at(this.#pointed);
    const w = windows[i];
    document.querySelector('.value.when').textContent = this.#pointed === null ? 'now' : w ? clock(w.end, true) : '–';
    for (const row of this.#rows) row.value.textContent = w ? row.of(w) : '–';
  }

  #table(windows) {
    const body = document.querySelector('#table tbody');
    if (!$('table').open) return;
    body.replaceChildren(
      ...windows.map((w) => {
        const k = w.emotion.indexOf(Math.max(...w.emotion));
        const e = w.engagement ? ENGAGEMENTS[w.engagement.indexOf(Math.max(...w.engagement))] : '–';
        const cells = [w.abstain ? 'withheld' : EMOTIONS[k], w.abstain ? '–' : percent(w.emotion[k]), e];
        const shares = [...w.weight, ...w.reliability].map(percent);
        return make(
          'tr',
          {},
          Object.assign(make('th', { textContent: clock(w.end, true) }), { scope: 'row' }),
          ...[...cells, ...shares].map((text, c) => make('td', { textContent: text, className: c === 0 || c === 2 ? '' : 'n' })),
        );
      }),
    );
  }
}
