/** Recognises, from its first bytes, what a file is that was offered as an encoder but is no ONNX model. */

const MAX_TEXT_PROBE = 256;

/** Bytes needed from the start of a file by `foreignFileKind`. */
export const HEAD_BYTES = 4096;

interface Signature {
  readonly offset: number;
  readonly bytes: string;
  readonly kind: string;
}

/** Signatures in Latin-1; an ONNX file begins with byte 8 (the key of `ir_version`), as none of these do. */
const signatures: readonly Signature[] = [
  { offset: 0, bytes: '\x89HDF\r\n\x1a\n', kind: 'an HDF5 file, as Keras writes .h5' },
  { offset: 4, bytes: 'TFL3', kind: 'a TensorFlow Lite model' },
  { offset: 4, bytes: 'ORTM', kind: 'a model in ONNX Runtime’s own .ort format' },
  { offset: 0, bytes: 'GGUF', kind: 'a GGUF model' },
  { offset: 0, bytes: '\x93NUMPY', kind: 'a NumPy array' },
  { offset: 0, bytes: '\x1f\x8b', kind: 'a gzip archive' },
  { offset: 257, bytes: 'ustar', kind: 'a tar archive' },
  { offset: 0, bytes: '\xff\xd8\xff', kind: 'a JPEG image' },
  { offset: 0, bytes: '\x89PNG', kind: 'a PNG image' },
  { offset: 0, bytes: 'SQLite format 3\0', kind: 'an SQLite database' },
  {
    offset: 0,
    bytes: 'version https://git-lfs',
    kind: 'a Git LFS pointer, not the file itself (`git lfs pull` fetches it)',
  },
];

/**
 * @param head the first `HEAD_BYTES` bytes (fewer if the file is smaller)
 * @returns a noun phrase for the sentence "it is ...", or undefined when nothing is recognised.
 */
export function foreignFileKind(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'an empty file';
  const latin = Buffer.from(head).toString('latin1');
  const known = signatures.find(({ offset, bytes }) => latin.startsWith(bytes, offset));
  if (known !== undefined) return known.kind;
  if (latin.startsWith('PK\x03\x04')) return zipKind(latin);
  // Protocol 2 and up: PROTO opcode, version, and an object or a frame behind it.
  if (head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5)
    return 'a Python pickle, as older torch.save writes checkpoints';
  if (isSafeTensors(head, latin)) return 'a SafeTensors file: weights without the network';
  return textKind(head);
}

function zipKind(latin: string): string {
  if (/data\.pkl|\.data\/|constants\.pkl/.test(latin)) return 'a PyTorch checkpoint (a ZIP with a pickle)';
  if (/model\.weights\.h5|metadata\.json/.test(latin)) return 'a Keras archive (.keras, a ZIP)';
  if (/\.npy/.test(latin)) return 'a NumPy .npz archive';
  return 'a ZIP archive';
}

/** SafeTensors: 8 bytes with the little-endian length of a JSON header, then that header. */
function isSafeTensors(head: Uint8Array, latin: string): boolean {
  if (head.length < 10 || latin[8] !== '{') return false;
  return new DataView(head.buffer, head.byteOffset).getBigUint64(0, true) < 100_000_000n;
}

function textKind(head: Uint8Array): string | undefined {
  const probe = head.subarray(0, MAX_TEXT_PROBE);
  const printable = (byte: number): boolean => byte >= 32 || byte === 9 || byte === 10 || byte === 13;
  if (!probe.every(printable)) return undefined;
  const text = Buffer.from(probe).toString('utf8').trimStart();
  if (/^[{[]/.test(text)) return 'a JSON file';
  if (/^<\?xml/i.test(text)) return 'an XML file, as OpenVINO writes its models';
  if (/^<(!doctype|html)/i.test(text)) return 'a web page, probably a failed download';
  return 'a text file';
}
