/** Finds the `retrylint` program and makes sure that it is one, so that what is wrong can be said in one sentence. */

import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A program that answered. */
export interface Program {
  command: string;
  /** What it says of itself: `retrylint 0.1.0`. */
  version: string;
}

/** Why there is no program, for the user: what is wrong and what to do. */
export class NoProgram extends Error {}

const INSTALL = 'Install it with "cargo install --path ." in its source folder, or name it in the setting "retrylint.path".';
const PATIENCE_MS = 10_000;

const run = promisify(execFile);

/**
 * The program that the setting names, else the one on `PATH`, else the one where cargo installs: an editor that was
 * started from a desktop often has a `PATH` without that folder.
 */
export async function findProgram(setting: string): Promise<Program> {
  const named = setting.trim();
  if (named !== '') {
    const command = named.startsWith('~/') ? join(homedir(), named.slice(2)) : named;
    const program = await ask(command);
    if (program === undefined) {
      throw new NoProgram(`There is no program ${command}. Correct the setting "retrylint.path", or empty it.`);
    }
    return program;
  }
  const installed = join(homedir(), '.cargo', 'bin', 'retrylint');
  const program = (await ask('retrylint')) ?? (await ask(installed));
  if (program === undefined) {
    throw new NoProgram(`The program retrylint is neither on PATH nor in ~/.cargo/bin. ${INSTALL}`);
  }
  return program;
}

/** What a program says of its version; `undefined` where there is none of this name. */
async function ask(command: string): Promise<Program | undefined> {
  let version: string;
  try {
    const { stdout } = await run(command, ['--version'], { timeout: PATIENCE_MS });
    version = stdout.trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new NoProgram(`${command} cannot be run: ${why.trim()}. ${INSTALL}`);
  }
  if (!version.startsWith('retrylint ')) {
    throw new NoProgram(`${command} is not retrylint: asked for its version, it says "${version}". ${INSTALL}`);
  }
  return { command, version };
}
