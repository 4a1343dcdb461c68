/**
 * `npm run docs`: writes the pages of the manual, the completion of bash, and the tables of options in
 * docs/reference.md, in the folder of the sources.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { COMPLETION_PATH, makeCompletion } from './completion.ts';
import { MADE_PAGES, makePage } from './pages.ts';
import { makeReference, REFERENCE_PATH } from './reference.ts';

for (const page of MADE_PAGES) {
  writeFileSync(`man/${page}`, makePage(page, readFileSync(`man/${page}.in`, 'utf8')));
}
writeFileSync(COMPLETION_PATH, makeCompletion());
writeFileSync(REFERENCE_PATH, makeReference(readFileSync(REFERENCE_PATH, 'utf8')));
