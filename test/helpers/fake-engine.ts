import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type {
  AppSettings,
  AuditEntry,
  BridgeEvent,
  BridgeMethod,
  BridgeReply,
  BridgeRequest,
} from '../../audits/contract/bridge.ts';
import { MoatError } from '../../audits/contract/errors.ts';
import { appPolicyHeader } from '../../audits/serve/app-policy.ts';
import { windowErrorOf } from '../../audits/serve/window-hints.ts';

/** What a test lets the engine answer; what throws is answered as an error, a MoatError with its hint. */
export type FakeAnswers = {
  [Name in BridgeMethod]?: (request: BridgeRequest<Name>) => BridgeReply<Name> | Promise<BridgeReply<Name>>;
};

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/**
 * An engine that says what a test wants, behind the same door as the real one: for what a real one cannot be brought to in a
 * test, such as ten thousand audits or a crash. The app and its bridge are the built ones.
 */
export class FakeEngine {
  readonly token = randomBytes(16).toString('hex');
  engineLife = 'life-1';
  answers: FakeAnswers;
  readonly calls: { readonly name: string; readonly request: unknown }[] = [];
  readonly #folder: string;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  #sequence = 0;

  constructor(folder: string, answers: FakeAnswers = {}) {
    this.#folder = folder;
    this.answers = { ...calm(this), ...answers };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(hash = '#/'): string {
    return `${this.origin}/${hash}${hash.includes('?') ? '&' : '?'}token=${this.token}`;
  }

  publish(event: BridgeEvent['event']): void {
    this.#sequence += 1;
    const told: BridgeEvent = { sequence: this.#sequence, engineLife: this.engineLife, event };
    for (const stream of this.#streams)
      stream.write(`id: ${this.engineLife}:${this.#sequence}\ndata: ${JSON.stringify(told)}\n\n`);
  }

  /** Number of the newest event: what a snapshot says that it includes. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Numbers an event of which nobody is told. */
  lose(): void {
    this.#sequence += 1;
  }

  /** Another engine from here on, which counts from 1. */
  restart(life: string): void {
    this.engineLife = life;
    this.#sequence = 0;
  }

  /** Ends every stream, as a tunnel does that breaks. */
  drop(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const place = new URL(request.url ?? '/', this.origin).pathname;
    response.setHeader('content-security-policy', appPolicyHeader);
    if (place.startsWith('/api/')) {
      if (request.headers.authorization !== `Bearer ${this.token}`) {
        response.writeHead(401).end();
      } else if (place === '/api/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': connected\n\n');
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
      } else await this.#call(place.slice('/api/'.length) as BridgeMethod, request, response);
      return;
    }
    const file = path.join(this.#folder, place === '/' ? 'index.html' : place);
    const bytes = await readFile(file).catch(() => null);
    if (bytes === null) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': types[path.extname(file)] ?? '' }).end(bytes);
  }

  async #call(name: BridgeMethod, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')) as never;
    this.calls.push({ name, request: body });
    const json = { 'content-type': 'application/json' };
    try {
      const answer = this.answers[name];
      if (answer === undefined) throw new Error(`No answer to ${name} was given.`);
      const reply = JSON.stringify(await answer(body));
      response.writeHead(200, json).end(reply);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const told =
        error instanceof MoatError ? windowErrorOf(error) : { code: 'internal', message, details: {} };
      response.writeHead(500, json).end(JSON.stringify(told));
    }
  }
}

export const fakeSettings: AppSettings = {
  theme: 'system',
  engine: 'auto',
  device: 'auto',
  workers: null,
  price: 0.0001,
  gpuHour: null,
  accountPrice: null,
  labelPrice: null,
  trainingCost: null,
  reportFolder: '/home/user/reports',
};

export function fakeAudit(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: '01J000000000000000000000A1' as AuditEntry['id'],
    createdAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:14:05.000Z',
    state: 'completed',
    encoder: '/models/face-encoder.onnx',
    preset: 'quick',
    cellsTotal: 40,
    cellsDone: 40,
    cellsFailed: 0,
    tags: [],
    note: '',
    deletedAt: null,
    verdict: 'fail',
    ...changes,
  };
}

/** An engine with nothing in it. */
function calm(engine: FakeEngine): FakeAnswers {
  let settings = fakeSettings;
  let draft: BridgeReply<'draft.get'>['draft'] = null;
  return {
    'app.hello': () => ({
      moatVersion: '0.1.0',
      database: '/home/user/moat.db',
      engineLife: engine.engineLife,
      host: 'http',
      readOnlyBecause: null,
    }),
    'audits.list': () => [],
    'settings.get': () => settings,
    'settings.set': ({ changes }) => (settings = { ...settings, ...changes } as AppSettings),
    'draft.get': () => ({ draft }),
    'draft.set': (request) => {
      draft = request.draft;
      return { kept: true };
    },
    'history.usage': () => ({
      databaseBytes: 12_000_000,
      artifactBytes: 340_000_000,
      deletedBytes: 0,
      freeBytes: 80_000_000_000,
    }),
    'findings.accepted': () => [],
    'engines.list': () => [
      {
        id: 'onnx',
        title: 'ONNX Runtime',
        state: 'ready',
        devices: ['cpu'],
        sentence: 'Comes with Moat.',
        canInstall: false,
        canRemove: false,
        installation: null,
      },
      {
        id: 'tensorflow',
        title: 'TensorFlow',
        state: 'not-installed',
        devices: ['cuda'],
        sentence: 'Trains on NVIDIA GPUs; 1.2 GB.',
        canInstall: true,
        canRemove: false,
        installation: null,
      },
    ],
  };
}
