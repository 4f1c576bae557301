import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { strToU8, zipSync } from 'fflate';

export interface TinyWheel {
  readonly project?: string;
  readonly tag?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Files whose recorded hash is that of other bytes. */
  readonly misrecorded?: readonly string[];
}

/** Files a wheel of TensorFlow has, as far as Moat looks; the libraries are none. */
export const tensorflowFiles = {
  'tensorflow/libtensorflow_cc.so.2': 'no library '.repeat(5000),
  'tensorflow/libtensorflow_framework.so.2': 'no library either',
  'tensorflow/include/tensorflow/c/c_api.h': '#error made up',
  'tensorflow/python/ignored.py': 'pass',
} as const;

/** Writes a wheel: a zip archive with a record of its files. */
export function writeTinyWheel(file: string, wheel: TinyWheel = {}): void {
  const { project = 'tensorflow_cpu', tag = 'cp312-cp312-manylinux_2_27_x86_64' } = wheel;
  const info = `${project}-9.9.9.dist-info`;
  const contents = {
    ...(wheel.files ?? tensorflowFiles),
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nTag: ${tag}\n`,
  };
  const record = Object.entries(contents).map(([name, text]) => {
    const recorded = wheel.misrecorded?.includes(name) === true ? `${text}.` : text;
    return `${name},sha256=${createHash('sha256').update(recorded).digest('base64url')},${text.length}`;
  });
  const files = { ...contents, [`${info}/RECORD`]: [...record, `${info}/RECORD,,`, ''].join('\n') };
  writeFileSync(
    file,
    zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))),
  );
}
