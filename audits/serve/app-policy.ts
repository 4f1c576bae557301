/**
 * What the app's page may do: load its own files, ask its own origin, nothing else; no script or style in the markup, no
 * text turned into markup but by Svelte's own templates. A page's `meta` cannot say `frame-ancestors`: hosts send both.
 */
export const appPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

export const appPolicyHeader = `${appPolicy}; frame-ancestors 'none'`;
