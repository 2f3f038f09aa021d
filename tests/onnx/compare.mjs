// node compare.mjs MODELS DIR: runs each case of DIR/cases.txt (tests/onnx_ours.c) in ONNX Runtime, and prints
// as JSON, of each output, its name and how far it is off at most.
import fs from "node:fs";
import ort from "onnxruntime-node";

const [models, dir] = process.argv.slice(2);

const tensor = ([, name, file, ...sizes]) => {
    const bytes = fs.readFileSync(`${dir}/${file}`);
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return { name, values, dims: sizes.map(Number) };
};

const cases = [];
for (const line of fs.readFileSync(`${dir}/cases.txt`, "utf8").trim().split("\n")) {
    const words = line.split(" ");
    if (words[0] === "case")
        cases.push({ file: words[1], in: [], out: [] });
    else
        cases.at(-1)[words[0]].push(tensor(words));
}

// NaN counts as infinitely far
const off = (a, b) => a.reduce((most, x, i) => Math.abs(x - b[i]) <= most ? most
    : Number.isFinite(x - b[i]) ? Math.abs(x - b[i]) : Infinity, 0);

const outputs = [];
for (const one of cases) {
    const session = await ort.InferenceSession.create(`${models}/${one.file}`);
    const feeds = {};
    for (const t of one.in)
        feeds[t.name] = new ort.Tensor("float32", t.values, t.dims);
    const results = await session.run(feeds);
    const names = one.out.map((t) => t.name);
    for (const extra of session.outputNames.filter((name) => !names.includes(name)))
        outputs.push({ file: one.file, name: extra, off: "not among ours" });
    for (const t of one.out) {
        const same = t.dims.join() === results[t.name]?.dims.join();
        outputs.push({ file: one.file, name: t.name, values: t.values.length,
            largest: Math.max(...t.values.map(Math.abs)), off: same ? off(t.values, results[t.name].data) : "another shape" });
    }
}
console.log(JSON.stringify(outputs));
