import { MoatError } from '../../audits/contract/errors.ts';
import type { EngineChildren } from './engine-children.ts';
import type { EngineHostParts } from './engine-host.ts';

/** What an engine asks of the process around it: processes of its own, and pages made into PDF. */
export function serveEngine(
  children: Pick<EngineChildren, 'start' | 'kill'>,
  print: (html: string) => Promise<Uint8Array>,
): EngineHostParts['serve'] {
  return (message, asking) => {
    if (message.type === 'start-process') children.start(message.kind, message.process, asking);
    else if (message.type === 'kill-process') children.kill(message.kind, message.process, asking);
    else if (message.type === 'print')
      print(message.html).then(
        (pdf) => asking.post({ type: 'printed', print: message.print, pdf }),
        (error: unknown) =>
          asking.post({
            type: 'not-printed',
            print: message.print,
            error: MoatError.from(error).toJSON(),
          }),
      );
  };
}
