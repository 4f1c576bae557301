import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** DSSE v1.0: a payload and signatures over it and its type. */
export const envelopeSchema = z.object({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })).min(1),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** What is signed, so that neither the type nor the border between the two can be shifted (DSSE v1.0, "PAE"). */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** @param key an Ed25519 private key */
export function seal(payloadType: string, payload: Uint8Array, key: KeyObject): Envelope {
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), key);
  return {
    payloadType,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: keyId(createPublicKey(key)), sig: signature.toString('base64') }],
  };
}

/** Whether any of the envelope's signatures is this key's. */
export function isSealedBy({ payloadType, payload, signatures }: Envelope, key: KeyObject): boolean {
  const signed = preAuthenticationEncoding(payloadType, Buffer.from(payload, 'base64'));
  return signatures.some(({ sig }) => verify(null, signed, key, Buffer.from(sig, 'base64')));
}

/** SHA-256 (hex) of the public key in DER: what a key is known by. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** The private key of a PEM text, where it holds an Ed25519 one. */
export function readPrivateKey(pem: string): KeyObject | undefined {
  return ed25519(() => createPrivateKey(pem));
}

/** The public key of a PEM text, public or private, where it holds an Ed25519 one. */
export function readPublicKey(pem: string): KeyObject | undefined {
  return ed25519(() => createPublicKey(pem));
}

function ed25519(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}
