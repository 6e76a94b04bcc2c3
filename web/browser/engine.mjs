// Starts the real binary on a free port and an empty data folder, with watches of which one will be held back.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const READY_MS = 60_000;
const LOG_CHARACTERS_KEPT = 10_000;
const DAY_MS = 86_400_000;

/** Name, query, category, sentence, days to its sunset. @type {readonly (readonly [string, string, string, string, number])[]} */
const WATCHES = [
  ['storm-and-flood', 'storm* OR flood* OR 洪水 OR 台風', 'crisis-response', 'See where storms and floods are discussed, for the civil protection desk.', 96],
  ['vaccination', 'vaccin* OR 接種', 'public-health', 'Follow questions about vaccination, to answer them.', 41],
  ['elections', 'election* OR vote* OR 選挙 OR 投票', 'journalism', 'Know when talk about the elections grows.', 150],
  ['rail-strike', '"rail strike" AND (station OR platform)', 'journalism', 'Notice when travellers begin to talk about the strike.', 12],
];

function watchFile() {
  return WATCHES.map(([name, query, category, sentence, days]) => {
    const sunset = new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
    return `[[watch]]\nname = "${name}"\nquery = '${query}'\npurpose = { category = "${category}", sentence = "${sentence}" }\nsunset = "${sunset}"\n`;
  }).join('\n');
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(() => resolve(undefined)));
  return port;
}

/**
 * Ready when this returns; `stop` ends it in order.
 * @param {string} binary @param {string} folder @param {readonly string[]} [more] further arguments
 */
export async function startEngine(binary, folder, more = []) {
  await mkdir(folder, { recursive: true });
  const watches = join(folder, 'watches.toml');
  await writeFile(watches, watchFile());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const engine = spawn(binary, ['run', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data'), '--watches', watches, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The engine refuses GROUNDSWELL_ variables that are no settings of its own, such as those of these tests.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GROUNDSWELL_'))),
  });
  let log = '';
  let ended = false;
  const exit = new Promise((resolve) => {
    for (const event of ['exit', 'error']) {
      engine.once(event, (reason) => {
        ended = true;
        log += `\n${event}: ${String(reason)}`;
        resolve(undefined);
      });
    }
  });
  for (const out of [engine.stdout, engine.stderr]) {
    out.on('data', (bytes) => {
      log = (log + String(bytes)).slice(-LOG_CHARACTERS_KEPT);
    });
  }
  async function stop() {
    if (!ended) engine.kill('SIGTERM');
    await exit;
  }
  const until = Date.now() + READY_MS;
  while (!(await fetch(new URL('readyz', url)).then((answer) => answer.ok, () => false))) {
    if (ended) throw new Error(`the engine ended:\n${log}`);
    if (Date.now() > until) {
      await stop();
      throw new Error(`the engine is not ready after ${READY_MS} ms:\n${log}`);
    }
    await setTimeout(100);
  }
  return { url, stop };
}
