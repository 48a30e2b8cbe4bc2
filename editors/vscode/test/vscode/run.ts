/**
 * Runs `suite.ts` in a real VS Code without a display: the server that VS Code on the web talks to, with this extension,
 * and a headless Chromium that shows it. Everything is on 127.0.0.1.
 *
 *     node run.ts VSCODE_SERVER_MAIN EXTENSION_FOLDER RETRYLINT CHROMIUM
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const PATIENCE_MS = 120_000;

const USAGE = 'usage: run.ts VSCODE_SERVER_MAIN EXTENSION_FOLDER RETRYLINT CHROMIUM';
const [main, extension, retrylint, browser] = [2, 3, 4, 5].map((n) => resolve(process.argv[n] ?? assert.fail(USAGE))) as [
  string,
  string,
  string,
  string,
];

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'retrylint-vscode-'));
const agent = join(folder, 'agent');
await cp(resolve(here, '../../../../fixtures/agent'), agent, { recursive: true, filter: (path) => !path.endsWith('/target') });

const suite = join(folder, 'suite.cjs');
await build({
  entryPoints: [join(here, 'suite.ts')],
  outfile: suite,
  bundle: true,
  external: ['vscode'],
  format: 'cjs',
  platform: 'node',
});

const data = join(folder, 'server');
await mkdir(join(data, 'data', 'Machine'), { recursive: true });
await writeFile(
  join(data, 'data', 'Machine', 'settings.json'),
  JSON.stringify({
    'retrylint.path': retrylint,
    // What would ask the network for something.
    'chat.disableAIFeatures': true,
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'telemetry.telemetryLevel': 'off',
  }),
);

const port = await freePort();
const origin = `127.0.0.1:${port}`;
const server = spawn(
  process.execPath,
  [
    main,
    ...['--host', '127.0.0.1', '--port', String(port), '--server-data-dir', data],
    '--without-connection-token',
    '--accept-server-license-terms',
    '--disable-workspace-trust',
    ...['--telemetry-level', 'off'],
    // Without this a released VS Code takes no tests from the address.
    '--enable-smoke-test-driver',
  ],
  // No gallery of extensions is asked for anything.
  { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, EXTENSIONS_GALLERY: '{}' } },
);

let code: number;
try {
  await listening();
  code = await show();
  if (code === 0) {
    execFileSync(retrylint, ['check', join(agent, 'bad')], { stdio: 'inherit' });
    console.log('ok: what was saved is clean');
  }
} finally {
  server.kill();
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
process.exit(code);

/** Resolves when the server says that it listens. */
function listening(): Promise<void> {
  return new Promise((done, fail) => {
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('Web UI available')) {
        done();
      }
    });
    server.once('exit', (status) => {
      fail(new Error(`the server ended with ${status}`));
    });
  });
}

/** Shows the agent in a browser until the suite has ended; answers its exit code. */
async function show(): Promise<number> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  const window = await chromium.launch({ executablePath: browser, args });
  try {
    const page = await window.newPage();
    const ended = new Promise<number>((done) => {
      void page.exposeFunction('codeAutomationExit', done);
    });
    await page.exposeFunction('codeAutomationLog', (_level: string, lines: unknown[]) => {
      const text = lines.map(String).join(' ');
      if (/^ok: |[Ee]rror.*suite\.cjs|AssertionError|waited in vain/.test(text)) {
        console.log(text);
      }
    });
    const remote = (path: string) => `vscode-remote://${origin}${path}`;
    const payload = [
      ['extensionDevelopmentPath', remote(extension)],
      ['extensionTestsPath', remote(suite)],
    ];
    const query = new URLSearchParams({ folder: join(agent, 'bad'), payload: JSON.stringify(payload) });
    await page.goto(`http://${origin}/?${query.toString()}`);
    const told = page.getByText('There is no program /nowhere/retrylint').first().waitFor({ timeout: PATIENCE_MS });
    const late = new Promise<never>((_, fail) => {
      setTimeout(() => {
        fail(new Error(`not done after ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS).unref();
    });
    const code = await Promise.race([ended, late]);
    if (code === 0) {
      await told;
      console.log('ok: the user is told of the missing program');
    }
    return code;
  } finally {
    await window.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      assert(address !== null && typeof address === 'object');
      probe.close(() => {
        done(address.port);
      });
    });
  });
}
