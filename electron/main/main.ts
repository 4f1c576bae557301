/** Entry of the desktop app. */
import * as electron from 'electron';
import path from 'node:path';
import process from 'node:process';
import { registerSchemes } from './schemes.ts';
import { startDesktop } from './desktop.ts';

const built = path.join(import.meta.dirname, '..', '..');
registerSchemes(electron.protocol);
// Not awaited: Electron is not ready before this module has been loaded.
void startDesktop(
  electron,
  {
    preload: path.join(built, 'electron', 'preload', 'preload.cjs'),
    engine: path.join(built, 'electron', 'engine', 'engine.js'),
    worker: path.join(built, 'electron', 'engine', 'worker.js'),
    trial: path.join(built, 'electron', 'engine', 'trial.js'),
    side: path.join(built, 'electron', 'engine', 'side.js'),
    pack: path.join(built, 'electron', 'engine', 'pack.js'),
    app: path.join(built, 'dist', 'app', 'built'),
    icon: path.join(built, 'icons', 'icon.png'),
  },
  process,
);
