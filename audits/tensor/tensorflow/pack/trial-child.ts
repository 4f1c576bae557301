/** Entry of the process in which a fresh pack is tried. */
import process from 'node:process';
import { onePlusTwo } from './one-plus-two.ts';

process.stdout.write(String(onePlusTwo(process.argv[2] ?? '')));
