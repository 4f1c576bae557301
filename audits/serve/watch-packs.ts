import { statSync } from 'node:fs';
import path from 'node:path';
import { enginesFolder, tensorflowFolder } from '../tensor/tensorflow/pack/folder.ts';
import { installedElsewhere } from '../tensor/tensorflow/pack/lock.ts';
import { MANIFEST_FILE } from '../tensor/tensorflow/pack/manifest.ts';
import type { EventHub } from './events.ts';

/** A command line tells nobody what it installs: it is looked for. */
const LOOK_MS = 2000;

/**
 * Says when another program begins or ends the installation of an engine, or removes one.
 * @param onChange called before that is said
 * @returns what ends the watching
 */
export function watchPacks(hub: Pick<EventHub, 'publish' | 'subscribe'>, onChange: () => void): () => void {
  let seen = packState();
  const look = (): void => {
    if (packState() === seen) return;
    onChange();
    hub.publish({ type: 'engines-changed' });
  };
  // What was told here is known.
  const stopListening = hub.subscribe(({ event }) => {
    if (event.type === 'engines-changed') seen = packState();
  });
  const timer = setInterval(look, LOOK_MS).unref();
  return () => {
    clearInterval(timer);
    stopListening();
  };
}

function packState(): string {
  const manifest = statSync(path.join(tensorflowFolder(), MANIFEST_FILE), { throwIfNoEntry: false });
  return JSON.stringify([installedElsewhere(enginesFolder()), manifest?.ino, manifest?.mtimeMs]);
}
