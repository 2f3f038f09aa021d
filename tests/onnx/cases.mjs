// Runs the cases that tests/onnx_ours.c wrote in ONNX Runtime, of Node or of a browser. read(name) and model(name)
// give a file's bytes (Uint8Array); what comes back is, of each output, its name and how far it is off at most.

async function parse(read) {
    const cases = [];
    for (const line of new TextDecoder().decode(await read("cases.txt")).trim().split("\n")) {
        const [way, name, file, ...sizes] = line.split(" ");
        if (way === "case") {
            cases.push({ file: name, in: [], out: [] });
            continue;
        }
        const bytes = await read(file);
        const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        cases.at(-1)[way].push({ name, values, dims: sizes.map(Number) });
    }
    return cases;
}

// NaN counts as infinitely far
const off = (a, b) => a.reduce((most, x, i) => {
    const d = Math.abs(x - b[i]);
    return Number.isNaN(d) ? Infinity : Math.max(d, most);
}, 0);

function compare(t, result) {
    if (t.dims.join() !== result?.dims.join())
        return "another shape";
    const most = off(t.values, result.data);
    return Number.isFinite(most) ? most : "not a number";
}

export async function run(ort, read, model) {
    const outputs = [], sessions = {};
    for (const one of await parse(read)) {
        const session = sessions[one.file] ??= await ort.InferenceSession.create(await model(one.file));
        const feeds = {};
        for (const t of one.in)
            feeds[t.name] = new ort.Tensor("float32", t.values, t.dims);
        const results = await session.run(feeds);
        for (const extra of session.outputNames.filter((name) => one.out.every((t) => t.name !== name)))
            outputs.push({ file: one.file, name: extra, off: "not among ours" });
        for (const t of one.out)
            outputs.push({ file: one.file, name: t.name, off: compare(t, results[t.name]),
                largest: t.values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) });
    }
    return outputs;
}
