/**
 * What a user does in VS Code with the demonstration agent, by VS Code's own API. It runs in the extension host of a real
 * VS Code, which `run.ts` starts.
 */

import assert from 'node:assert/strict';

import * as vscode from 'vscode';

const PATIENCE_MS = 30_000;
const TICK_MS = 50;

export async function run(): Promise<void> {
  const steps = [seeTheFinding, hover, turnOnInlayHints, repairAndUndo, loseTheProgram, restart, fixAllAndSave];
  for (const step of steps) {
    await step();
    console.log(`ok: ${step.name}`);
  }
}

/** The document with the loop, in the editor that is in front. */
async function open(): Promise<vscode.TextDocument> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert(folder);
  const uri = vscode.Uri.joinPath(folder.uri, 'src/conversation.rs');
  const editor = await vscode.window.showTextDocument(uri);
  return editor.document;
}

/** What the question answers, once that is something. */
async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) {
      return answer;
    }
    assert(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, TICK_MS));
  }
}

function findings(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter((one) => one.source === 'retrylint');
}

function theFinding(uri: vscode.Uri): Promise<vscode.Diagnostic> {
  return until('the finding', () => findings(uri)[0]);
}

function none(uri: vscode.Uri): Promise<true> {
  return until('the finding to be gone', () => (findings(uri).length === 0 ? true : undefined));
}

async function seeTheFinding(): Promise<void> {
  const { uri } = await open();
  const finding = await theFinding(uri);
  assert.match(finding.message, /retries a dead key 6 times and sleeps 155 s before failing/);
  assert.equal(finding.severity, vscode.DiagnosticSeverity.Error);
  assert(typeof finding.code === 'object' && finding.code.value === 'auth-backoff', 'the code links to its page');
  const places = (finding.relatedInformation ?? []).map((one) => one.location.uri.path);
  assert(places.some((path) => path.endsWith('/src/classify.rs')), 'the steps of the loop are linked');
}

async function hover(): Promise<void> {
  const { uri } = await open();
  const { range } = await theFinding(uri);
  const shown = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, range.start);
  const text = shown.flatMap((one) => one.contents).map((part) => (part instanceof vscode.MarkdownString ? part.value : ''));
  assert.match(text.join('\n'), /155 s/);
}

async function turnOnInlayHints(): Promise<void> {
  const { uri } = await open();
  const all = new vscode.Range(0, 0, 1000, 0);
  const hints = async () => {
    const shown = await vscode.commands.executeCommand<vscode.InlayHint[]>('vscode.executeInlayHintProvider', uri, all);
    return shown.map((hint) => (typeof hint.label === 'string' ? hint.label : hint.label.map((p) => p.value).join('')));
  };
  assert.deepEqual(await hints(), [], 'off by default');
  await set('inlayHints', true);
  const label = await until('an inlay hint', async () => (await hints())[0]);
  assert.match(label, /dead key: 6 attempts, 155 s/);
}

async function repairAndUndo(): Promise<void> {
  const document = await open();
  const { range } = await theFinding(document.uri);
  const before = document.getText();
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    range,
    vscode.CodeActionKind.QuickFix.value,
    10,
  );
  const repair = actions.find((action) => action.isPreferred);
  assert(repair?.edit, `no preferred repair among: ${actions.map((action) => action.title).join(', ')}`);
  assert(await vscode.workspace.applyEdit(repair.edit));
  await none(document.uri);
  await vscode.commands.executeCommand('undo');
  assert.equal(document.getText(), before);
  await theFinding(document.uri);
}

/** The message of this is looked for by `run.ts`, on the page. */
async function loseTheProgram(): Promise<void> {
  const { uri } = await open();
  await theFinding(uri);
  await set('path', '/nowhere/retrylint');
  await none(uri);
  await set('path', undefined);
  await theFinding(uri);
}

async function restart(): Promise<void> {
  const { uri } = await open();
  await vscode.commands.executeCommand('retrylint.restart');
  await theFinding(uri);
}

async function fixAllAndSave(): Promise<void> {
  const document = await open();
  await theFinding(document.uri);
  await vscode.commands.executeCommand('retrylint.fixAll');
  await none(document.uri);
  assert(document.isDirty);
  assert(await document.save());
}

/** Changes a setting for the workspace; `undefined` gives it back to what holds elsewhere. */
async function set(name: string, value: unknown): Promise<void> {
  const settings = vscode.workspace.getConfiguration('retrylint');
  await settings.update(name, value, vscode.ConfigurationTarget.Workspace);
}
