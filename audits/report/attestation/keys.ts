import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../contract/errors.ts';
import { dataFolder } from '../../data-folder.ts';
import { readPrivateKey, readPublicKey } from './dsse.ts';

/** Where the user's own key is kept: readable by the user alone. */
export function ownKeyFile(): string {
  return path.join(dataFolder(), 'keys', 'report-ed25519.pem');
}

export interface SigningKey {
  readonly key: KeyObject;
  readonly file: string;
  /** Made just now. */
  readonly isNew: boolean;
}

/**
 * The key that reports are signed with: the one in `file`, else the user's own, which is made on first use.
 * @throws MoatError `path-missing`, `configuration-invalid`, `file-unwritable`
 */
export function openSigningKey(file?: string): SigningKey {
  const own = ownKeyFile();
  if (file !== undefined) return { key: readKey(file, readPrivateKey, 'private'), file, isNew: false };
  if (existsSync(own)) {
    // On Windows the mode says nothing: there the folder of the user is what protects the file.
    if (process.platform !== 'win32' && (statSync(own).mode & 0o077) !== 0)
      throw new MoatError(
        'configuration-invalid',
        `Others may read your signing key ${own}; make it your own with: chmod 600 ${own}`,
      );
    return { key: readKey(own, readPrivateKey, 'private'), file: own, isNew: false };
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  try {
    mkdirSync(path.dirname(own), { recursive: true, mode: 0o700 });
    // Never over a key that another process has made meanwhile.
    writeFileSync(own, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    chmodSync(own, 0o600);
    writeFileSync(publicFileOf(own), publicKey.export({ type: 'spki', format: 'pem' }));
  } catch (cause) {
    throw new MoatError('file-unwritable', `The signing key could not be kept in ${own}.`, { cause });
  }
  return { key: privateKey, file: own, isNew: true };
}

/** The public half, to be given to whoever verifies. */
export function publicFileOf(file: string): string {
  return `${file.replace(/\.pem$/, '')}.public.pem`;
}

/** @throws MoatError `path-missing`, `configuration-invalid` */
export function openPublicKey(file: string): KeyObject {
  return readKey(file, readPublicKey, 'public');
}

/** The public half of the user's own key; undefined where there is none yet. */
export function ownPublicKey(): KeyObject | undefined {
  const own = ownKeyFile();
  return existsSync(own) ? readPublicKey(readFileSync(own, 'utf8')) : undefined;
}

function readKey(file: string, read: (pem: string) => KeyObject | undefined, half: string): KeyObject {
  if (!existsSync(file)) throw new MoatError('path-missing', `The key ${file} does not exist.`);
  const key = read(readFileSync(file, 'utf8'));
  if (key === undefined)
    throw new MoatError('configuration-invalid', `${file} holds no Ed25519 ${half} key in PEM form.`);
  return key;
}
