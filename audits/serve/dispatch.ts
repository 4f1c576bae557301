import { MoatError, type WindowError } from '../contract/errors.ts';
import { cleanText } from '../contract/clean-text.ts';
import type { BridgeMethodEntry, ServeContext } from './method.ts';
import { windowErrorOf } from './window-hints.ts';

/** What goes back to a window: plain data for both hosts. */
export type DispatchReply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WindowError };

/** @param request as it came: nothing about it is known */
export type Dispatch = (name: string, request: unknown) => Promise<DispatchReply>;

/** Names in, plain data out; whatever is thrown becomes an error that a window can show. */
export function createDispatch(methods: readonly BridgeMethodEntry[], context: ServeContext): Dispatch {
  const byName = new Map<string, BridgeMethodEntry>(methods.map((method) => [method.name, method]));
  return async (name, request) => {
    try {
      const method = byName.get(name);
      if (method === undefined)
        throw new MoatError('usage', `This engine has no method "${cleanText(name).slice(0, 80)}".`);
      return { ok: true, value: await method.answer(request, context) };
    } catch (thrown) {
      const error = MoatError.from(thrown);
      if (error.row.fault === 'bug') context.log.error(`${name}: ${error.message}`, thrown);
      const told = windowErrorOf(error);
      return { ok: false, error: { ...told, message: cleanText(told.message) } };
    }
  };
}
