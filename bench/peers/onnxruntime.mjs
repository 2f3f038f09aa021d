// onnxruntime.mjs FOLDER FILE THREADS SECONDS: an ONNX file's speed on ONNX Runtime, whose package
// lies in FOLDER. Prints what compare.py reads (peer.h).
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, file, threads, seconds] = process.argv.slice(2);
const ort = createRequire(resolve(folder, "here.js"))("onnxruntime-node");

const session = await ort.InferenceSession.create(file, {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
});
const dims = session.inputMetadata?.[0]?.shape ?? [1, 3, 224, 224];
const pixels = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) },
  (_, i) => Math.sin(i * 0.01));
const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", pixels, dims) };

const wall = [], cpu = [];
for (let i = 0; i < 3; i++) await session.run(feeds);
for (const end = performance.now() + 1e3 * Number(seconds); performance.now() < end;) {
  const c = process.cpuUsage(), w = performance.now();
  await session.run(feeds);
  wall.push(performance.now() - w);
  const used = process.cpuUsage(c);
  cpu.push((used.user + used.system) * 1e-3);
}
const sorted = (v) => v.sort((a, b) => a - b);
const middle = (v) => sorted(v)[v.length >> 1].toFixed(6);
console.log(`median ${middle(wall)} best ${wall[0].toFixed(6)} cpu ${middle(cpu)} runs ${wall.length}`);
