import type { Command } from 'commander';
import { exitCode, MoatError } from '../contract/errors.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, readWhole } from './flags.ts';
import { resumeCommand } from './session.ts';
import { KILL_GRACE_MS, listenForStop } from './signals.ts';
import { defaultReportFolder } from '../settings/settings.ts';
import { chosenDatabase } from './stored-audits.ts';

interface ServeFlags {
  readonly port?: number;
  readonly host?: string;
  readonly db?: string;
  readonly json?: boolean;
}

const LOOPBACK = '127.0.0.1';
const LARGEST_PORT = 65_535;

export function registerServe(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .summary('the app in a browser, for machines without a screen')
    .description(
      'Serves the app to a browser on this machine and prints its address, which holds a secret token: whoever has it can do what you can. From another machine use an SSH tunnel with the same port at both ends (docs/serve.md). Ctrl-C ends it; a running audit stops at a safe point.',
    )
    .option('--port <number>', 'port to listen on (default: one that is free)', readWhole('--port', 0))
    .option('--host <address>', `address to listen on (default: ${LOOPBACK}, this machine alone)`);
  addJsonOption(addDatabaseOption(command));
  addExample(command, 'moat serve --port 7411 --db moat.db').action((flags: ServeFlags) =>
    serve(context, flags),
  );
}

async function serve(context: CommandContext, flags: ServeFlags): Promise<void> {
  const { clock, terminal, moatVersion } = context;
  const { host = LOOPBACK, port = 0 } = flags;
  if (port > LARGEST_PORT) throw new MoatError('usage', `--port goes up to ${LARGEST_PORT}.`);
  const database = chosenDatabase(context, flags.db);
  // Loaded when needed: the engines behind it take longer than any answer about flags.
  const [{ openServe }, { startHttpServer }, { isLoopback }, { trackWorkers }, { appFiles }] =
    await Promise.all([
      import('../serve/open-engine.ts'),
      import('../serve/http/server.ts'),
      import('../serve/http/own-address.ts'),
      import('../run/track-workers.ts'),
      import('../serve/app-files.ts'),
    ]);
  const workers = trackWorkers();
  const engine = openServe({
    database: resolvePath(context, database),
    host: 'http',
    moatVersion,
    command: 'moat serve',
    clock,
    startWorker: workers.start,
  });
  context.logFile = engine.logFile;
  try {
    // Built when a browser first asks for it: a program that only calls does not need it.
    let appFolder: Promise<string> | undefined;
    const server = await startHttpServer({
      engine,
      host,
      port,
      clock,
      appFolder: () => (appFolder ??= appFiles((line) => terminal.note(line))),
    });
    try {
      if (!isLoopback(host))
        terminal.note(
          `warning: ${host} can be reached from other machines, and nothing on the way is encrypted: whoever reads it has the token. An SSH tunnel needs no --host (docs/serve.md).`,
        );
      if (flags.json === true)
        terminal.printJson({ url: server.url, origin: server.origin, token: server.token });
      else terminal.print(server.url);
      terminal.note('Open this address in a browser; Ctrl-C ends.');
      await untilStopped(context, () => workers.kill());
      if (!engine.isIdle()) {
        const resume = resumeCommand({ database, reportFolder: defaultReportFolder, plugins: [] });
        terminal.note(
          `stopping at a safe point; go on in the app, or with: ${resume} (Ctrl-C again ends at once)`,
        );
        context.exitCode = exitCode.cancelled;
      }
    } finally {
      await server.close();
    }
  } finally {
    await engine.close();
  }
}

/** Resolves on the first Ctrl-C; a second one ends the process and its workers. */
function untilStopped({ clock }: CommandContext, kill: () => Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    listenForStop({
      clock,
      onStop: resolve,
      onKill() {
        const exit = (): never => process.exit(exitCode.interrupted);
        void kill().finally(exit);
        setTimeout(exit, KILL_GRACE_MS);
      },
    });
  });
}
