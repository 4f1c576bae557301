type Listener = (event: unknown, ...values: unknown[]) => unknown;

const listeners = new Map<string, Listener>();

export const ipcMain = {
  handle: (channel: string, listener: Listener): void => {
    if (listeners.has(channel)) throw new Error(`a second handler for ${channel}`);
    listeners.set(channel, listener);
  },
};

/** What Electron tells a page whose call failed is its message alone. */
export async function invoke(channel: string, event: unknown, values: readonly unknown[]): Promise<unknown> {
  const listener = listeners.get(channel);
  if (listener === undefined) throw new Error(`No handler registered for '${channel}'`);
  return await listener(event, ...values);
}
