/**
 * What our pages may load: nothing but what the app itself carries. No address of the network is in it, so a page that was
 * talked into sending something has nowhere to send it.
 */
export const contentSecurityPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Elements are sized and coloured by `style` attributes that Svelte sets through the object model; none comes from markup.
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "frame-src 'none'",
  "object-src 'none'",
  "worker-src 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');
