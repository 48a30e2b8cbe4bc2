/** Where VS Code comes in: when the first Rust file is opened, and when the window closes. */

import * as vscode from 'vscode';

import { Server } from './server.ts';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const running = new Server();
  server = running;
  context.subscriptions.push(
    vscode.commands.registerCommand('retrylint.restart', () => running.restart()),
    vscode.commands.registerCommand('retrylint.showOutput', () => {
      running.showOutput();
    }),
    vscode.commands.registerCommand('retrylint.fixAll', fixAll),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      // The server is told of the other settings and follows them.
      if (change.affectsConfiguration('retrylint.path') || change.affectsConfiguration('retrylint.extraArgs')) {
        await running.restart();
      }
    }),
  );
  await running.restart();
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
  server = undefined;
}

/** Applies the safe repairs of the file in the editor, as `editor.codeActionsOnSave` can. */
async function fixAll(): Promise<void> {
  await vscode.commands.executeCommand('editor.action.sourceAction', {
    kind: 'source.fixAll.retrylint',
    apply: 'first',
  });
}
