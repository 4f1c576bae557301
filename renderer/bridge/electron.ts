import type { BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import { BridgeError, type Bridge } from './bridge.ts';
import type { MoatWindow } from './window.ts';

/** The bridge of the desktop app, over what its preload script offers. */
export function electronBridge(moat: MoatWindow): Bridge {
  return {
    host: 'electron',
    call: async <Name extends BridgeMethod>(
      name: Name,
      request: BridgeRequest<Name>,
    ): Promise<BridgeReply<Name>> => {
      const answer = await moat.call(name, request);
      if (!answer.ok) throw new BridgeError(answer.error);
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the compiler asks for it: `unknown` is no reply
      return answer.value as BridgeReply<Name>;
    },
    subscribe: (listener) => moat.subscribe(listener),
    // The main process outlives the window; that the engine is gone comes as an event.
    watchConnection: (listener) => {
      listener('open');
      return () => undefined;
    },
    dialogs: {
      chooseFolder: (title) => moat.chooseFolder(title),
      chooseFile: (title, extensions) => moat.chooseFile(title, extensions),
      saveFolder: (title) => moat.saveFolder(title),
      openPath: (path) => moat.openPath(path),
    },
    pathOfFile: (file) => moat.pathOfFile(file) || null,
    watchNavigation: (listener) => moat.watchNavigation(listener),
    watchCommands: (listener) => moat.watchCommands(listener),
  };
}
