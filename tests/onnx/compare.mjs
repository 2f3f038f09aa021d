// node compare.mjs MODELS DIR: the cases of DIR in ONNX Runtime for Node, as JSON.
import fs from "node:fs/promises";
import ort from "onnxruntime-node";
import { run } from "./cases.mjs";

const [models, dir] = process.argv.slice(2);
const file = (folder) => async (name) => new Uint8Array(await fs.readFile(`${folder}/${name}`));

console.log(JSON.stringify(await run(ort, file(dir), file(models))));
