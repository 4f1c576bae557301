import type { App } from './context.ts';

/** Audits the built-in encoder on images that are drawn at run time: no file, no network. */
export async function startDemo({ bridge, router }: App): Promise<void> {
  const { id } = await bridge.call('audits.start', { settings: { preset: 'demo' } });
  router.go('run', { id });
}
