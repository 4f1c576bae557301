import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

test.skipIf(process.platform !== 'linux')(
  'npm start without a screen says so in one sentence, and serves the app',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'moat-start-'));
    const environment: NodeJS.ProcessEnv = { ...process.env, INIT_CWD: folder };
    delete environment['DISPLAY'];
    delete environment['WAYLAND_DISPLAY'];
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        path.join(root, 'build/start/main.ts'),
        'mine.moat',
        '--json',
      ],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      let printed = '';
      for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
        printed += text;
        if (/"token": *"[^"]+"[^}]*\}/s.test(printed)) break;
      }
      const { origin, token } = JSON.parse(printed) as { origin: string; token: string };
      expect(said).toMatch(/^moat: This machine has no screen, so the app is served to a browser\.\n/);
      expect(await (await fetch(origin)).text()).toContain('<title>Moat</title>');
      const hello = await fetch(`${origin}/api/app.hello`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
      expect(await hello.json()).toMatchObject({ database: path.join(folder, 'mine.moat') });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
