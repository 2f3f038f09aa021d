/* trends.js - figures of sessions or weeks one after another, each a point with its interval, and what is usual for
 * the reader behind them. */
import { $, colour, make } from '/dom.js';
import { EMOTIONS, percent, STATES } from '/words.js';

/* global uPlot */

const signed = (x, digits) => `${x < 0 ? '\u2212' : '+'}${Math.abs(x).toFixed(digits)}`;
const level = (x) => x.toFixed(1);

/* A line of the page: where it stands, what it is called, its figure of a unit (a session or a week), that of
 * what is usual, its scale. */
const ROWS = [
  ...EMOTIONS.map((name, k) => ({
    parent: 'rows-expression',
    name,
    range: '0–100 %',
    top: 1,
    colour: `--e${k}`,
    of: (figures) => figures.expression[name],
    key: 'share',
    text: percent,
    usual: (usual) => usual?.expression?.[name],
    off: (u) => `${signed(100 * u.difference, 0)} points of mean probability`,
  })),
  ...STATES.map((name) => ({
    parent: 'rows-state',
    name,
    range: '0 very low – 3 very high',
    top: 3,
    colour: '--g1',
    of: (figures) => figures.states[name],
    key: 'level',
    text: level,
    usual: (usual) => usual?.states?.[name],
    band: true,
    off: (u) => `${signed(u.difference, 1)} levels`,
  })),
  {
    parent: 'rows-withheld',
    name: 'withheld',
    range: '0–100 % of the time',
    top: 1,
    colour: '--hatch',
    of: (figures) => figures.withheld,
    key: 'share',
    text: percent,
    usual: () => null,
  },
];

/* What is usual, as it was known before each session: a dotted line and a shade. */
function drawUsual(u, row, units) {
  const pen = u.ctx;
  const x = (i) => u.valToPos(i, 'x', true);
  const y = (v) => u.valToPos(Math.max(0, Math.min(row.top, v)), 'y', true);

  units.forEach((unit, i) => {
    const usual = row.usual(unit.usual);
    if (!usual) return;
    pen.fillStyle = colour('--line');
    pen.fillRect(x(i - 0.5), y(usual.mean + usual.deviation), x(i + 0.5) - x(i - 0.5), y(usual.mean - usual.deviation) - y(usual.mean + usual.deviation));
    pen.strokeStyle = colour('--ink');
    pen.lineWidth = devicePixelRatio;
    pen.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    pen.beginPath();
    pen.moveTo(x(i - 0.5), y(usual.mean));
    pen.lineTo(x(i + 0.5), y(usual.mean));
    pen.stroke();
    pen.setLineDash([]);
  });
}

function drawPoints(u, row, units) {
  const pen = u.ctx;
  const y = (v) => u.valToPos(v, 'y', true);
  const radius = 3.5 * devicePixelRatio;

  units.forEach((unit, i) => {
    const figure = row.of(unit.figures);
    if (figure?.[row.key] == null) return;
    const x = u.valToPos(i, 'x', true);
    pen.strokeStyle = pen.fillStyle = colour(row.colour);
    if (figure.interval) {
      pen.lineWidth = 2 * devicePixelRatio;
      pen.beginPath();
      pen.moveTo(x, y(figure.interval[0]));
      pen.lineTo(x, y(figure.interval[1]));
      pen.stroke();
    }
    pen.beginPath();
    pen.arc(x, y(figure[row.key]), radius, 0, 2 * Math.PI);
    pen.fill();
    pen.strokeStyle = colour('--page');
    pen.lineWidth = devicePixelRatio;
    pen.stroke();
  });
}

/* The figure in words, with what is usual beside it. */
function words(row, unit) {
  const figure = row.of(unit.figures);
  if (figure?.[row.key] == null) return 'too little to say';
  const spread = figure.interval ? ` (${row.text(figure.interval[0])} to ${row.text(figure.interval[1])})` : '';
  const usual = row.usual(unit.usual);
  return `${row.text(figure[row.key])}${spread}` + (usual ? `; ${row.off(usual)} from your usual` : '');
}

function valueOf(row, unit) {
  const figure = row.of(unit.figures);
  const value = make('div', { className: 'value', textContent: figure?.[row.key] == null ? '–' : row.text(figure[row.key]) });
  const usual = row.usual(unit.usual);
  if (usual) {
    const off = row.band ? signed(usual.difference, 1) : signed(100 * usual.difference, 0);
    value.append(make('small', { textContent: ` (${off})`, title: `${row.off(usual)} from your usual` }));
  }
  return value;
}

const plots = [];

function place(row, units, last) {
  const place = make('div', { className: last ? 'plot trend with-axis' : 'plot trend' });
  place.setAttribute('role', 'img');
  place.setAttribute('aria-label', `${row.name}: ${units.map((u) => `${u.label}: ${words(row, u)}`).slice(-12).join('; ')}`);
  $(row.parent).append(make('div', { className: 'row' }, make('div', { className: 'label' }, row.name, ' ', make('small', {}, row.range)), place, valueOf(row, units.at(-1))));
  const size = () => ({ width: Math.max(40, place.clientWidth), height: place.clientHeight });
  const u = new uPlot(
    {
      ...size(),
      padding: [0, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [-0.5, units.length - 0.5] }, y: { range: () => [-0.06 * row.top, 1.06 * row.top] } },
      axes: [
        {
          show: last,
          size: 24,
          gap: 3,
          stroke: () => colour('--soft'),
          font: '12px system-ui, sans-serif',
          grid: { show: false },
          ticks: { size: 4, width: 1, stroke: () => colour('--line') },
          space: 90,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
          values: (_, splits) => splits.map((i) => units[i]?.label ?? ''),
        },
        { show: false },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        drawClear: [(plot) => drawUsual(plot, row, row.band ? units : [])],
        draw: [(plot) => drawPoints(plot, row, units)],
      },
    },
    [units.map((_, i) => i), units.map(() => null)],
    place,
  );
  new ResizeObserver(() => u.setSize(size())).observe(place);
  plots.push(u);
}

/* units: [{ label, figures, usual (nullable) }], the earliest first. */
export function trends(units) {
  for (const plot of plots.splice(0)) plot.destroy();
  for (const row of ROWS) $(row.parent).replaceChildren();
  ROWS.forEach((row, i) => place(row, units, ROWS[i + 1]?.parent !== row.parent));
}

export function redraw() {
  for (const plot of plots) plot.redraw();
}
