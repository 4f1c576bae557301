import { z } from 'zod';
import { measureMachine } from '../../bench/measure-machine.ts';
import { figures } from '../../bench/result.ts';
import { quickCellTime } from '../../bench/short-list.ts';
import type { BenchmarkLine } from '../../contract/bridge.ts';
import { MoatError } from '../../contract/errors.ts';
import { defineBridgeMethod, type ServeContext } from '../method.ts';
import { oneAtATime } from '../one-at-a-time.ts';

const task = 'machine.benchmark';

export const machineBenchmark = defineBridgeMethod({
  name: task,
  request: z.strictObject({}),
  run: async (_request, context) => {
    if (!context.runs.isIdle())
      throw new MoatError('usage', 'An audit is running; its work would be measured with the machine.');
    return oneAtATime(context, task, 'The machine is being measured already.', () => measure(context));
  },
});

async function measure({
  clock,
  publish,
}: ServeContext): Promise<{ readonly lines: readonly BenchmarkLine[] }> {
  const tell = (fraction: number | null, sentence: string): void =>
    publish({ type: 'task', task, fraction, sentence });
  const { results } = await measureMachine(clock, {
    encoder: undefined,
    threads: undefined,
    isQuick: true,
    onTrying: () => tell(null, 'Trying which engines and devices train here'),
    onAbsent: () => undefined,
    onBenchmark: ({ number, count, title }) => tell((number - 1) / count, title),
  });
  tell(1, 'Done');
  const lines = results.flatMap((result) =>
    figures(result).flatMap(({ name, rate }) =>
      rate === null
        ? []
        : [{ label: `${result.title}, ${name}`, value: rate, unit: `${result.unit}s a second` }],
    ),
  );
  const cell = quickCellTime(results);
  return {
    lines:
      cell === null
        ? lines
        : [
            ...lines,
            { label: `one cell of the quick preset, ${cell.engine}`, value: cell.seconds, unit: 'seconds' },
          ],
  };
}
