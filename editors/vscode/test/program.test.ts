/** What is said where the program is missing, cannot be run, or is another one. */

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import { findProgram, NoProgram } from '../src/program.ts';

let home: string;
const before = { HOME: process.env.HOME, PATH: process.env.PATH };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'retrylint-'));
  await mkdir(join(home, '.cargo', 'bin'), { recursive: true });
  await mkdir(join(home, 'path'));
  process.env.HOME = home;
  process.env.PATH = join(home, 'path');
});

afterEach(async () => {
  Object.assign(process.env, before);
  await rm(home, { recursive: true });
});

/** A program that answers with this text. */
async function install(path: string, says: string): Promise<string> {
  const file = join(home, path);
  await writeFile(file, `#!/bin/sh\n${says}\n`);
  await chmod(file, 0o755);
  return file;
}

const VERSION = 'echo "retrylint 1.2.3"';

test('the setting wins over PATH, PATH over where cargo installs', async () => {
  const installed = await install('.cargo/bin/retrylint', VERSION);
  assert.deepEqual(await findProgram(''), { command: installed, version: 'retrylint 1.2.3' });
  await install('path/retrylint', VERSION);
  assert.equal((await findProgram(' ')).command, 'retrylint');
  const own = await install('own', VERSION);
  assert.equal((await findProgram(own)).command, own);
  assert.equal((await findProgram('~/own')).command, own);
});

test('where there is none, the message says what to do', async () => {
  await assert.rejects(findProgram(''), (error) => {
    assert(error instanceof NoProgram);
    assert.match(error.message, /neither on PATH nor in ~\/\.cargo\/bin.*cargo install.*"retrylint\.path"/);
    return true;
  });
  await assert.rejects(findProgram('/nowhere/retrylint'), {
    message: 'There is no program /nowhere/retrylint. Correct the setting "retrylint.path", or empty it.',
  });
});

test('a program that is not retrylint, or cannot run, is told of', async () => {
  const other = await install('other', 'echo "ripgrep 15.0.0"');
  await assert.rejects(findProgram(other), /is not retrylint: asked for its version, it says "ripgrep 15\.0\.0"/);
  const broken = await install('broken', 'echo "no such library" >&2; exit 3');
  await assert.rejects(findProgram(broken), /cannot be run: .*no such library/s);
  const text = await install('text', VERSION);
  await chmod(text, 0o644);
  await assert.rejects(findProgram(text), /cannot be run: .*EACCES/);
});
