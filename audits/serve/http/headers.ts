import { appPolicyHeader } from '../app-policy.ts';

/** On every answer. None of the headers that would let another origin read one (CORS) is ever among them. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': appPolicyHeader,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=(), serial=(), hid=(), payment=()',
};
