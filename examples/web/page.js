import { EMOTIONS, align, findFace, judge, load } from './attune.js';

const $ = (id) => document.getElementById(id);

function phase(name, words) {
  document.body.dataset.phase = name;
  $('said').textContent = words;
}

function show(answer) {
  $('answer').replaceChildren(...EMOTIONS.map((name, k) => {
    const row = document.createElement('tr'), meter = document.createElement('meter');
    meter.value = answer.emotion7[k];
    meter.setAttribute('aria-label', name);
    const percent = `${Math.round(100 * answer.emotion7[k])} %`;
    for (const cell of [name, meter, percent]) row.insertCell().append(cell);
    return row;
  }));
}

/* The picture, with its five landmarks. */
function draw(picture, landmarks) {
  const canvas = $('seen'), context = canvas.getContext('2d');
  canvas.width = picture.width;
  canvas.height = picture.height;
  context.drawImage(picture, 0, 0);
  context.fillStyle = '#2ad17b';
  for (const [x, y] of landmarks) {
    context.beginPath();
    context.arc(x, y, 2 + picture.width / 200, 0, 7);
    context.fill();
  }
}

async function look(networks, file) {
  phase('looking', 'Looking.');
  $('answer').replaceChildren();
  const picture = await createImageBitmap(file), found = await findFace(networks, picture);
  draw(picture, found ? found.landmarks : []);
  if (!found) return phase('nothing', 'No face was found.');
  align(picture, found.landmarks, $('face'));
  const answer = await judge(networks, $('face'));
  show(answer);
  return phase('told', answer.withheld ? 'Too little to go on; what it would say all the same:'
    : `Reliability ${Math.round(100 * answer.reliability)} %.`);
}

try {
  const networks = await load('./models'), input = $('picture');
  input.addEventListener('change', () => look(networks, input.files[0]).catch((e) => phase('failed', e.message)));
  input.disabled = false;
  phase('ready', 'Choose a picture. It stays on this computer.');
} catch (e) {
  phase('failed', e.message);
}
