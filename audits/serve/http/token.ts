import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: nobody guesses it. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Compared as digests, in a time that says nothing of how much of it was right. */
export function isToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

/** The token of an `Authorization: Bearer` header; an empty one where there is none. */
export function bearerOf(authorization: string | undefined): string {
  return /^Bearer ([\w-]{1,200})$/.exec(authorization ?? '')?.[1] ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
