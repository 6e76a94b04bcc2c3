// `npm run mock [scenario]`: the stand-in on port 8751, with a minute closing every few seconds.
import { startMock } from './server.mjs';

const scenario = /** @type {import('./server.mjs').Scenario} */ (process.argv[2] ?? 'simulated');
const mock = await startMock({ scenario, port: Number(process.env['PORT'] ?? 8751) });
console.log(`${mock.url} (${scenario})`);
setInterval(() => mock.closeMinute(), 5_000);
