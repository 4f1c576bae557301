import type { BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import { BridgeError, type Bridge } from './bridge.ts';
import type { MoatReply, MoatWindow } from './window.ts';

/** The bridge of the desktop app, over what its preload script offers. */
export function electronBridge(moat: MoatWindow): Bridge {
  return {
    host: 'electron',
    call: async <Name extends BridgeMethod>(
      name: Name,
      request: BridgeRequest<Name>,
    ): Promise<BridgeReply<Name>> => {
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the compiler asks for it: `unknown` is no reply
      return valueOf(await moat.call(name, request)) as BridgeReply<Name>;
    },
    subscribe: (listener) => moat.subscribe(listener),
    // The main process outlives the window; that the engine is gone comes as an event.
    watchConnection: (listener) => {
      listener('open');
      return () => undefined;
    },
    dialogs: {
      chooseFolder: async (title) => chosenPath(await moat.chooseFolder(title)),
      chooseFile: async (title, extensions) => chosenPath(await moat.chooseFile(title, extensions)),
      saveFile: async (title, name) => chosenPath(await moat.saveFile(title, name)),
      openPath: async (path) => void valueOf(await moat.openPath(path)),
    },
    pathOfFile: (file) => moat.pathOfFile(file) || null,
    watchNavigation: (listener) => moat.watchNavigation(listener),
    watchCommands: (listener) => moat.watchCommands(listener),
  };
}

/** @throws BridgeError */
function valueOf(answer: MoatReply): unknown {
  if (!answer.ok) throw new BridgeError(answer.error);
  return answer.value;
}

function chosenPath(answer: MoatReply): string | null {
  const path = valueOf(answer);
  return typeof path === 'string' ? path : null;
}
