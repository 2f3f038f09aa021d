// node check.mjs FILE: holds a Job to Kubernetes' own schema (npm ci --ignore-scripts). Exit code 1, and why, if it is none.
//
// The schema takes fields that it does not know, where `kubectl apply` refuses them: they are those that it never asked for.
import { readFileSync } from 'node:fs';
import { validate } from 'kubernetes-models/_schemas/IoK8sApiBatchV1Job';
import { parse } from 'yaml';

const unknown = new Set();

function watched(value, where) {
    if (typeof value !== 'object' || value === null)
        return value;
    const names = Object.keys(value).map(name => `${where}/${name}`);
    names.forEach(name => unknown.add(name));
    const inner = Array.isArray(value) ? value.map((v, i) => watched(v, `${where}/${i}`))
        : Object.fromEntries(Object.entries(value).map(([name, v]) => [name, watched(v, `${where}/${name}`)]));
    return new Proxy(inner, {
        get(of, name) {
            unknown.delete(`${where}/${String(name)}`);
            return of[name];
        },
    });
}

if (!validate(watched(parse(readFileSync(process.argv[2], 'utf8')), ''))) {
    for (const error of validate.errors)
        console.error(`${error.instancePath}: ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`);
    process.exit(1);
}
for (const name of unknown)
    console.error(`${name}: there is no such field`);
process.exit(unknown.size ? 1 : 0);
