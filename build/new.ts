import path from 'node:path';
import process from 'node:process';
import { families, newMethod, NewMethodError, type Family } from './new/new-method.ts';

/** `npm run new attack NAME`, `npm run new defense NAME`: see docs/adding-an-attack.md and docs/adding-a-defense.md. */

const USAGE_EXIT = 4;

const [family = '', name, ...more] = process.argv.slice(2);
if (!isFamily(family) || name === undefined || more.length > 0)
  end(`usage: npm run new ${Object.keys(families).join('|')} NAME`);
else
  try {
    for (const file of await newMethod(path.join(import.meta.dirname, '..'), family, name))
      console.log(`wrote ${file}`);
    console.log(
      `next: docs/adding-${family === 'attack' ? 'an-attack' : 'a-defense'}.md, then npm run check`,
    );
  } catch (error) {
    if (!(error instanceof NewMethodError)) throw error;
    end(error.message);
  }

function isFamily(text: string): text is Family {
  return Object.hasOwn(families, text);
}

function end(sentence: string): void {
  console.error(`moat: ${sentence}`);
  process.exitCode = USAGE_EXIT;
}
