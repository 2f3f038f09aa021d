/* A face in a picture, aligned, and what its expression looks like: attune's networks in ONNX Runtime. */
import * as ort from './ort/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;
ort.env.wasm.numThreads = 1; /* more need a server that isolates the page's origin */

const STEP = 32; /* the detector takes sizes that are multiples of it */
const LONGEST = 320;
const LEAST_SCORE = 0.7;
const SIDE = 112;
/* Eyes, nose tip and the mouth's corners of an aligned face (ArcFace; vision/align.c). */
const TEMPLATE = [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

export const EMOTIONS = ['neutral', 'happy', 'sad', 'angry', 'fearful', 'disgusted', 'surprised'];

export async function load(models) {
  const networks = {};
  for (const name of ['detector', 'face', 'fusion'])
    networks[name] = await ort.InferenceSession.create(`${models}/${name}.onnx`);
  return networks;
}

/* A canvas's pixels as planes (1, 3, height, width). */
function planes(canvas, order, scale) {
  const { width, height } = canvas, n = width * height, values = new Float32Array(3 * n);
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < 3; c++)
      values[c * n + i] = scale(data[4 * i + order[c]]);
  return new ort.Tensor('float32', values, [1, 3, height, width]);
}

const BGR = [2, 1, 0], RGB = [0, 1, 2];
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/* The surest cell of all levels: score and landmarks in the detector's picture; null: none is sure enough. */
function surest(outputs) {
  let best = null;
  for (const s of [8, 16, 32]) {
    const { data, dims } = outputs[`cells${s}`], [, , rows, columns] = dims, cells = rows * columns;
    for (let i = 0; i < cells; i++) {
      const score = Math.sqrt(sigmoid(data[i]) * sigmoid(data[5 * cells + i]));
      if (score < LEAST_SCORE || (best && score <= best.score)) continue;
      const x = i % columns, y = Math.floor(i / columns), at = (channel) => data[channel * cells + i];
      best = { score, landmarks: TEMPLATE.map((_, k) => [(x + at(6 + 2 * k)) * s, (y + at(7 + 2 * k)) * s]) };
    }
  }
  return best;
}

/* Landmarks of the surest face, in pixels of the picture; null: there is none. */
export async function findFace(networks, picture) {
  const scale = LONGEST / Math.max(picture.width, picture.height), up = (n) => Math.ceil(n * scale / STEP) * STEP;
  const canvas = new OffscreenCanvas(up(picture.width), up(picture.height));
  canvas.getContext('2d').drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
  const found = surest(await networks.detector.run({ picture: planes(canvas, BGR, (v) => v) }));
  return found && { score: found.score, landmarks: found.landmarks.map(([x, y]) => [x / scale, y / scale]) };
}

/* The similarity that takes points best to the template, z -> a z + b in complex numbers (least squares). */
function similarity(points) {
  const mean = (list, i) => list.reduce((sum, p) => sum + p[i], 0) / list.length;
  const [fx, fy, tx, ty] = [mean(points, 0), mean(points, 1), mean(TEMPLATE, 0), mean(TEMPLATE, 1)];
  let re = 0, im = 0, size = 0;
  points.forEach(([x, y], k) => {
    const [u, v, p, q] = [x - fx, y - fy, TEMPLATE[k][0] - tx, TEMPLATE[k][1] - ty];
    re += u * p + v * q;
    im += u * q - v * p;
    size += u * u + v * v;
  });
  re /= size;
  im /= size;
  return [re, im, -im, re, tx - (re * fx - im * fy), ty - (im * fx + re * fy)];
}

/* Draws the face upright into a canvas of SIDE x SIDE. */
export function align(picture, landmarks, canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.resetTransform();
  context.clearRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = 'high';
  context.setTransform(...similarity(landmarks));
  context.drawImage(picture, 0, 0);
}

/* One picture as a window in which no voice is heard. */
export async function judge(networks, canvas) {
  const face = await networks.face.run({ face: planes(canvas, RGB, (v) => (v - 127.5) / 127.5) });
  const one = (x) => new ort.Tensor('float32', [x], [1, 1]);
  const zeros = (n) => new ort.Tensor('float32', new Float32Array(n), [1, n]);
  const told = await networks.fusion.run({
    face_present: one(1), face_quality: one(1), face_share: one(1), face_embedding: face.embedding,
    face_expression: face.expression, face_state: face.state, face_engagement: face.engagement,
    voice_present: one(0), voice_quality: one(0), voice_share: one(0), voice_embedding: zeros(512), voice_expression: zeros(8),
  });
  return {
    emotion7: [...told.emotion7.data], reliability: told.reliability.data[0], pose: [...face.pose.data],
    withheld: told.abstain.data[0] > 0 || told.doubtful.data[0] > 0,
  };
}
