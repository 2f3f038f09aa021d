// Another tool than attune (npm's @lti-tool/core, which knows nothing of it), for the platform of lti_platform.py. A line of JSON
// comes in, one goes out:
//
//     {"platform": {"issuer", "client_id", "login", "deployments"}, "keys": [...]}     {}, first
//     {"login": {"iss", ...}}                                                          {"asked": {"state", "nonce", ...}}
//     {"state": "...", "word": "..."}                                                  {"why": null or "..."}
import { createServer } from 'node:http';
import { register } from 'node:module';
import { createInterface } from 'node:readline';

register('./as_bundled.mjs', import.meta.url);
const { LTITool } = await import('@lti-tool/core');

const nonces = new Set();
let platform, keys;

const server = createServer((_, answer) => answer.end(JSON.stringify({ keys })));
await new Promise(done => server.listen(0, '127.0.0.1', done));

const storage = {
    storeNonce: async nonce => void nonces.add(nonce),
    validateNonce: async nonce => nonces.delete(nonce),
    getLaunchConfig: async (iss, clientId, deploymentId) =>
        iss === platform.issuer && clientId === platform.client_id && platform.deployments.includes(deploymentId)
            ? { iss, clientId, deploymentId, authUrl: platform.login, jwksUrl: `http://127.0.0.1:${server.address().port}/` }
            : undefined,
};
const tool = new LTITool({
    stateSecret: crypto.getRandomValues(new Uint8Array(32)),
    keyPair: await crypto.subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true,
        ['sign', 'verify']),
    storage,
});

async function answer(said) {
    if (said.platform) {
        ({ platform, keys } = said);
        return {};
    }
    if (said.login) {
        const way = await tool.handleLogin({ ...said.login, launchUrl: 'https://tool.example/launch' });
        return { asked: Object.fromEntries(new URL(way).searchParams) };
    }
    return tool.verifyLaunch(said.word, said.state).then(() => ({ why: null }), error => ({ why: error.message }));
}

for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await answer(JSON.parse(line))));
server.close();
