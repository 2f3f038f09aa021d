/* sessions.js - the page of past sessions: a list, trends, and deleting. docs/store.md has what the program gives. */
import { $, make, onScheme } from '/dom.js';
import { redraw, trends } from '/trends.js';
import { duration, percent } from '/words.js';

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
let known = { sessions: [], trends: null, files: [] };

class Refused extends Error {}

async function ask(path, method = 'GET') {
  let answer;
  try {
    answer = await fetch(path, { method, cache: 'no-store' });
  } catch {
    throw new Refused('The program does not answer. Start “attune serve” again, then load this page again.');
  }
  if (answer.status === 401 || answer.status === 403) throw new Refused('Open the address that attune printed when it started; this page is not known to it any more.');
  if (answer.status === 404) throw new Refused('Nothing is kept here: attune was started without --store, or this session is not there any more.');
  if (!answer.ok) throw new Refused('The program could not do that.');
  return method === 'GET' ? answer.json() : null;
}

function trouble(text) {
  $('trouble').replaceChildren(...(text ? [make('li', { className: 'problem', textContent: text })] : []));
}

const status = (text) => ($('status-text').textContent = text);

/* ---- list -------------------------------------------------------------------------------------------------- */

/* Files that the program makes of a session for other programs (docs/exports.md; a build may lack some), and all
   that is kept of it. */
const FILES = [
  ['timeline.csv', 'CSV, a line a window'],
  ['report.pdf', 'PDF, the report'],
  ['timeline.eaf', 'ELAN'],
  ['timeline.TextGrid', 'Praat'],
  ['timeline.srt', 'Subtitles'],
  ['', 'JSON, all that is kept'],
];

/* Links that unfold: a choice is made by following one, not by passing over it. */
function saver(session, when) {
  const head = make('summary', { textContent: 'Save as…' });
  head.setAttribute('aria-label', `Save the session of ${when} as`);
  const link = ([file, textContent]) => {
    const href = file ? `/sessions/${session.id}/${file}` : `/sessions/${session.id}`;
    const download = `attune-session-${session.id}.json`; // a file has its name from the program
    return make('li', {}, make('a', { textContent, href, download }));
  };
  return make('details', { className: 'save' }, head, make('ul', {}, ...FILES.filter(([file]) => !file || known.files.includes(file)).map(link)));
}

/* The class with the largest share, or a dash. */
function most(topic) {
  const [name, figure] = Object.entries(topic ?? {}).reduce((a, b) => ((b[1].share ?? -1) > (a[1].share ?? -1) ? b : a), ['', {}]);
  return figure.share == null ? '–' : `${name} ${percent(figure.share)}`;
}

function line(session) {
  const when = MOMENT.format(new Date(session.began));
  const figures = known.trends?.sessions.find((s) => s.id === session.id)?.figures;
  const remove = make('button', { type: 'button', textContent: 'Delete…' });
  remove.setAttribute('aria-label', `Delete the session of ${when}`);
  remove.addEventListener('click', () => removeOne(session.id, when));
  const report = make('a', { className: 'button', textContent: 'Report', href: `/sessions/${session.id}/report.html` });
  report.setAttribute('aria-label', `The report of the session of ${when}`);
  const head = make('th', { textContent: when });
  head.scope = 'row';
  if (session.person) head.append(make('small', { textContent: ` ${session.person}` }));
  if (!session.ended) head.append(make('small', { textContent: ' not ended' }));
  return make(
    'tr',
    {},
    head,
    make('td', { className: 'n', textContent: duration(session.seconds) }),
    make('td', { textContent: most(figures?.expression) }),
    make('td', { textContent: most(figures?.engagement) }),
    make('td', { className: 'n withheld', textContent: session.windows ? percent(session.withheld / session.windows) : '–' }),
    make('td', { className: 'do' }, report, saver(session, when), remove),
  );
}

function showList() {
  const { sessions, keep_days } = known;
  $('list').hidden = !sessions.length;
  $('lead').textContent = sessions.length
    ? `Only what you asked to keep is here: figures, no picture and no sound. ${keep_days ? `Each is deleted after ${keep_days} days.` : 'Each is kept until you delete it.'}`
    : 'None yet. On the live page, “Keep this session” keeps its figures, after telling you what that means.';
  document.querySelector('#sessions tbody').replaceChildren(...sessions.map(line));
}

/* ---- trends -------------------------------------------------------------------------------------------------- */

function showTrends() {
  const { trends: t } = known;
  const units =
    $('per').value === 'week'
      ? t?.weeks.map(({ week, figures }) => ({ label: week, figures, usual: null }))
      : t?.sessions.map(({ began, figures, usual }) => ({ label: DAY.format(new Date(began)), figures, usual }));
  $('trends').hidden = !units?.length;
  if (units?.length) trends(units);
}

/* ---- deleting -------------------------------------------------------------------------------------------------- */

function sure(title, text) {
  const dialog = $('sure');
  $('sure-title').textContent = title;
  $('sure-text').textContent = text;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener('close', () => done(dialog.returnValue === 'delete'), { once: true }));
}

async function remove(path, told) {
  try {
    await ask(path, 'DELETE');
    await load();
    status(told);
  } catch (error) {
    trouble(error.message);
  }
}

async function removeOne(id, when) {
  if (await sure('Delete this session?', `The session of ${when}. It is overwritten, and cannot be brought back.`)) await remove(`/sessions/${id}`, 'Deleted');
}

async function removeAll() {
  const n = known.sessions.length;
  if (await sure('Delete all sessions?', `${n === 1 ? 'One session' : `All ${n} sessions`}. They are overwritten, and cannot be brought back.`)) await remove('/sessions', 'All deleted');
}

/* ---- page ------------------------------------------------------------------------------------------------------ */

async function load() {
  try {
    const list = await ask('/sessions');
    const some = list.sessions.length;
    known = { ...list, trends: some ? await ask('/trends') : null, files: some ? await ask('/files') : [] };
    trouble(null);
    showList();
    showTrends();
    status(`${known.sessions.length} ${known.sessions.length === 1 ? 'session' : 'sessions'}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    trouble(error.message);
    status('Nothing to show');
  }
}

$('per').addEventListener('change', showTrends);
$('delete-all').addEventListener('click', removeAll);
onScheme(redraw);
load();
