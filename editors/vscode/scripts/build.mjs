// Bundles the extension into one file: a package of hundreds of small ones is slow to install and to start.
import { build } from 'esbuild';

await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.cjs',
  bundle: true,
  external: ['vscode'],
  format: 'cjs',
  platform: 'node',
  // That of the oldest VS Code in `engines`.
  target: 'node20',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
});
