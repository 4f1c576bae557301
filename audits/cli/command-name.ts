/** How this program was started: the bootstrap says so when npm did it, so that advice can be pasted as it stands. */
export const commandName = process.env['MOAT_COMMAND'] ?? 'moat';

/** Advice written with `moat COMMAND`, spelled as the user must type it. */
export function asTyped(advice: string): string {
  return advice.replaceAll('`moat ', `\`${commandName} `);
}
