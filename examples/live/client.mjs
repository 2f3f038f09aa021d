/* A clip sent to attune serve as a camera and a microphone would, and what comes back, printed.
 *
 *     attune serve                                   # in another terminal; it prints an address
 *     node client.mjs 'http://127.0.0.1:8765/?token=...' clip.mp4
 *
 * The WebSocket that browsers have; of Node from version 22 on (20: node --experimental-websocket). ffmpeg reads
 * the clip. docs/live.md has the messages.
 */
import { execFileSync } from 'node:child_process';

const PICTURE = 1, SOUND = 2, PIECE = 3200; /* bytes of sound in a message: a tenth of a second */
const [address, clip] = process.argv.slice(2);
const ffmpeg = (...to) => execFileSync('ffmpeg', ['-v', 'error', '-i', clip, ...to, '-'], { maxBuffer: 1 << 30 });

/* Every JPEG begins with FF D8. */
function* pictures(rate) {
  const all = ffmpeg('-vf', `fps=${rate}`, '-f', 'mjpeg', '-q:v', '3'), start = Buffer.from([0xff, 0xd8]);
  for (let i = 0, n = 0, next; i < all.length; i = next, n++) {
    next = all.indexOf(start, i + 2);
    next = next < 0 ? all.length : next;
    yield { kind: PICTURE, number: n, time: (n * 1e6) / rate, data: all.subarray(i, next) };
  }
}

function* sound() {
  const all = ffmpeg('-ac', '1', '-ar', '16000', '-f', 's16le');
  for (let n = 0; (n + 1) * PIECE <= all.length; n++) yield { kind: SOUND, number: n, time: n * 1e5, data: all.subarray(n * PIECE, (n + 1) * PIECE) };
}

function message({ kind, number, time, data }) {
  const head = Buffer.alloc(16);
  head.writeUInt8(1, 0);
  head.writeUInt8(kind, 1);
  head.writeUInt32LE(number, 4);
  head.writeBigInt64LE(BigInt(Math.round(time)), 8);
  return Buffer.concat([head, data]);
}

/* In order of time, and no faster than it passes. */
async function send(socket, rate) {
  const items = [...pictures(rate), ...sound()].sort((a, b) => a.time - b.time), start = performance.now();
  for (const item of items) {
    await new Promise((go) => setTimeout(go, start + item.time / 1000 - performance.now()));
    socket.send(message(item));
  }
  socket.send(JSON.stringify({ type: 'end' }));
}

const live = new URL(address.replace(/^http/, 'ws'));
live.pathname = '/live';
const socket = new WebSocket(live, 'attune.v1');
socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', version: 1 }));
socket.onclose = ({ code }) => process.exit(code === 1000 ? 0 : 1);
let names = [];
socket.onmessage = ({ data }) => {
  const m = JSON.parse(data);
  if (m.type === 'welcome') {
    names = m.emotions;
    send(socket, m.rate);
  } else if (m.type === 'window') {
    const best = names.reduce((a, b) => (m[`emotion_${b}`] > m[`emotion_${a}`] ? b : a));
    console.log(`${m.end_s.toFixed(1)} s  ${m.abstain ? 'withheld' : `${best} ${Math.round(100 * m[`emotion_${best}`])} %`}`);
  } else if (m.type === 'error') console.error(`${m.code}: ${m.text}`);
};
