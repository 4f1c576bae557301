import type { BridgeMethod } from '../contract/bridge.ts';

/** What the command line and the app have of each other. `docs/parity.md` is written from this (`npm run schemas`). */

export interface CommandParity {
  /** As typed: `engine install`. */
  readonly command: string;
  /** What the app does it with; empty where it stays on the command line. */
  readonly methods: readonly BridgeMethod[];
  /** Why the app has none of it. */
  readonly reason?: string;
  /** Options that the app lacks, and why. */
  readonly options?: Readonly<Record<string, string>>;
}

const ownCode =
  'code of your own runs only when a command line names it: a database or a page must not start it';
const ownScreen = 'how it is printed, not what it does';
const ownDatabase = 'a window has one database, named when it is started';
const written = 'a comparison is shown; it is written by the command';

export const commandParity: readonly CommandParity[] = [
  {
    command: 'audit',
    methods: ['audits.estimate', 'audits.start'],
    options: { '--plugin': ownCode, '--quiet': ownScreen, '--json': ownScreen, '--db': ownDatabase },
  },
  {
    command: 'demo',
    methods: ['audits.estimate', 'audits.start'],
    options: { '--plugin': ownCode, '--quiet': ownScreen, '--json': ownScreen, '--db': ownDatabase },
  },
  { command: 'serve', methods: [], reason: 'it is one of the app’s two hosts' },
  {
    command: 'inspect',
    methods: ['encoder.inspect', 'data.look'],
    options: {
      '--hashes': 'a list for programs, one line an image',
      '--engine': 'an encoder is looked at by the engine everybody has',
      '--device': 'an encoder is looked at by the engine everybody has',
      '--json': ownScreen,
    },
  },
  {
    command: 'resume',
    methods: ['audits.resume'],
    options: { '--plugin': ownCode, '--quiet': ownScreen, '--json': ownScreen, '--db': ownDatabase },
  },
  { command: 'cancel', methods: ['audits.stop'], options: { '--db': ownDatabase, '--json': ownScreen } },
  { command: 'list', methods: ['audits.list'], options: { '--db': ownDatabase, '--json': ownScreen } },
  {
    command: 'show',
    methods: ['audits.result', 'audits.snapshot', 'audits.cell'],
    options: { '--plugin': ownCode, '--db': ownDatabase, '--json': ownScreen },
  },
  {
    command: 'report',
    methods: ['reports.formats', 'reports.export', 'reports.save', 'reports.render'],
    options: {
      '--plugin': ownCode,
      '--db': ownDatabase,
      '--json': ownScreen,
      '--baseline':
        'the app takes the last audit of the same encoder, as the command does unless told otherwise',
      '--key': 'the app signs with the user’s own key',
    },
  },
  {
    command: 'compare',
    methods: ['audits.compare', 'findings.accepted'],
    options: {
      '--plugin': ownCode,
      '--db': ownDatabase,
      '--json': written,
      '--format': written,
      '--out': written,
    },
  },
  {
    command: 'assert',
    methods: ['audits.assert', 'findings.accepted'],
    options: { '--plugin': ownCode, '--db': ownDatabase, '--json': ownScreen },
  },
  {
    command: 'verify',
    methods: ['reports.verify'],
    options: {
      '--plugin': ownCode,
      '--db': ownDatabase,
      '--json': ownScreen,
      '--public-key': 'the app verifies with the user’s own key',
    },
  },
  { command: 'attacks', methods: ['methods.list'], options: { '--plugin': ownCode, '--json': ownScreen } },
  { command: 'defenses', methods: ['methods.list'], options: { '--plugin': ownCode, '--json': ownScreen } },
  {
    command: 'train',
    methods: [],
    reason: 'makes encoders to audit, for hours; who trains has a command line',
  },
  { command: 'zoo train', methods: [], reason: 'as `train`, many times over' },
  {
    command: 'own',
    methods: [],
    reason: 'a claim against somebody is prepared with care and committed to in advance (docs/ownership.md)',
  },
  {
    command: 'reproduce',
    methods: [],
    reason: 'repeats the tables of a paper, for those who check Moat itself',
  },
  {
    command: 'engine install',
    methods: ['engines.install', 'engines.cancel'],
    options: {
      '--from': 'a wheel at hand is named on a command line',
      '--gpu': 'needs CUDA and cuDNN of fitting versions, which only its owner can install',
      '--stock': 'another source of the library, for machines without pip',
      '--json': ownScreen,
    },
  },
  { command: 'engine list', methods: ['engines.list'], options: { '--json': ownScreen } },
  { command: 'engine remove', methods: ['engines.remove'], options: { '--json': ownScreen } },
  { command: 'doctor', methods: ['machine.doctor'], options: { '--json': ownScreen } },
  {
    command: 'bench',
    methods: ['machine.benchmark'],
    options: {
      '--threads': 'the app measures what an audit would use',
      '--json': ownScreen,
    },
  },
];

/** Methods that no command stands for, and why. */
export const windowOnly: Readonly<Partial<Record<BridgeMethod, string>>> = {
  'app.hello': 'how a window begins',
  'audits.annotate': 'tags and notes are written where a history is read; `moat list` shows the tags',
  'audits.delete':
    'hides an audit from lists, with undo; a command line that wants less takes another database',
  'audits.restore': 'undoes `audits.delete`',
  'history.usage': 'what `du` says on a command line',
  'history.purge': 'erases what was deleted in the app',
  'findings.accept': 'writes the file that `--accepted` names',
  'findings.revoke': 'writes the file that `--accepted` names',
  'settings.get': 'what flags and `moat.config.json` are on a command line',
  'settings.set': 'what flags and `moat.config.json` are on a command line',
  'draft.get': 'what the history of a shell is on a command line',
  'draft.set': 'what the history of a shell is on a command line',
  'machine.gauge': 'what `top` and `nvidia-smi` say on a command line',
  'files.browse': 'what a shell does on a command line',
};

export function renderParity(): string {
  const here = commandParity.filter(({ methods }) => methods.length > 0);
  const commands = here.flatMap(({ command, methods, options = {} }) => [
    `- \`moat ${command}\`: ${methods.map((name) => `\`${name}\``).join(', ')}`,
    ...Object.entries(options)
      .filter(([, reason]) => reason !== ownScreen && reason !== ownDatabase)
      .map(([option, reason]) => `  - without \`${option}\`: ${reason}`),
  ]);
  const missing = commandParity.filter(({ methods }) => methods.length === 0);
  return [
    '# The app and the command line',
    '',
    'What one can do, the other can do too, but for what stands here with its reason. Written by `npm run schemas` from',
    '`audits/cli/parity.ts`; tests compare it with the registries of commands and of methods.',
    '',
    '## Commands and the methods that the app does the same with',
    '',
    `\`--json\` and \`--quiet\` are ${ownScreen}; for \`--db\`, ${ownDatabase}.`,
    '',
    ...commands,
    '',
    '## On the command line alone',
    '',
    ...missing.map(({ command, reason = '' }) => `- \`moat ${command}\`: ${reason}`),
    '',
    '## In the app alone',
    '',
    ...Object.entries(windowOnly).map(([name, reason]) => `- \`${name}\`: ${reason}`),
    '',
  ].join('\n');
}
