/**
 * `npm run docs`: writes the pages of the manual and the completion of bash, in the folder of the sources.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { COMPLETION_PATH, makeCompletion } from './completion.ts';
import { MADE_PAGES, makePage } from './pages.ts';

for (const page of MADE_PAGES) {
  writeFileSync(`man/${page}`, makePage(page, readFileSync(`man/${page}.in`, 'utf8')));
}
writeFileSync(COMPLETION_PATH, makeCompletion());
