/** The language server's life: started, restarted and stopped one after the other, with its state in the status bar. */

import * as vscode from 'vscode';
import { LanguageClient, RevealOutputChannelOn, TransportKind } from 'vscode-languageclient/node';

import { findProgram, NoProgram } from './program.ts';

const DOCUMENTS = [{ language: 'rust', scheme: 'file' }];

export class Server {
  readonly #output = vscode.window.createOutputChannel('retrylint', { log: true });
  readonly #status = vscode.languages.createLanguageStatusItem('retrylint', DOCUMENTS);
  #client: LanguageClient | undefined;
  /** What was asked for last; the next waits for it, so that no two servers run. */
  #last: Promise<void> = Promise.resolve();

  constructor() {
    this.#status.name = 'retrylint';
    this.#status.text = 'retrylint';
  }

  /** Stops what runs and starts again. What goes wrong is told to the user, not to the caller. */
  restart(): Promise<void> {
    return this.#next(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  showOutput(): void {
    this.#output.show();
  }

  async dispose(): Promise<void> {
    await this.#next(() => this.#stop());
    this.#status.dispose();
    this.#output.dispose();
  }

  #next(step: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(step);
    return this.#last;
  }

  async #start(): Promise<void> {
    this.#show({ busy: true, detail: 'starting' });
    const settings = vscode.workspace.getConfiguration('retrylint');
    try {
      const program = await findProgram(settings.get('path', ''));
      this.#output.info(`${program.version}: ${program.command}`);
      const client = new LanguageClient(
        'retrylint',
        'retrylint',
        {
          command: program.command,
          args: ['lsp', ...settings.get<string[]>('extraArgs', [])],
          transport: TransportKind.stdio,
        },
        {
          documentSelector: DOCUMENTS,
          initializationOptions: settings,
          outputChannel: this.#output,
          // Errors are told by us, in one message that says what to do.
          revealOutputChannelOn: RevealOutputChannelOn.Never,
          initializationFailedHandler: () => false,
        },
      );
      this.#client = client;
      await client.start();
      this.#show({ detail: program.version });
    } catch (error) {
      await this.#stop();
      this.#fail(error);
    }
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.dispose();
    } catch (error) {
      // It did not start, or ended before: there is nothing to stop.
      this.#output.debug(String(error));
    }
  }

  #show(state: { busy?: boolean; detail: string; failed?: boolean }): void {
    const failed = state.failed ?? false;
    this.#status.busy = state.busy ?? false;
    this.#status.detail = state.detail;
    this.#status.severity = failed ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.#status.command = failed
      ? { title: 'Restart', command: 'retrylint.restart' }
      : { title: 'Show Output', command: 'retrylint.showOutput' };
  }

  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const isMissing = error instanceof NoProgram;
    const message = isMissing ? why : `The retrylint server does not start: ${why}. Its output may say more.`;
    this.#output.error(message);
    this.#show({ detail: isMissing ? 'no program' : 'does not run', failed: true });
    const offers = isMissing ? ['Open Settings', 'Try Again'] : ['Show Output', 'Try Again'];
    // Not awaited: the message stays until somebody reads it.
    void vscode.window.showErrorMessage(message, ...offers).then(async (chosen) => {
      switch (chosen) {
        case 'Open Settings':
          await vscode.commands.executeCommand('workbench.action.openSettings', 'retrylint.path');
          break;
        case 'Show Output':
          this.showOutput();
          break;
        case 'Try Again':
          await this.restart();
          break;
      }
    });
  }
}
