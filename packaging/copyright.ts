/**
 * The copyright file of the package (Debian Policy 12.5): the license of greyd, and that of each part that was
 * taken into it, as it stands in the npm package of that part.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages of npm without a file with their license, which is MIT: whom it names in their repositories. */
const MIT_HOLDERS: ReadonlyMap<string, string> = new Map([
  ['@redis/client', 'Copyright (c) 2022-2025, Redis, inc.'],
]);

/** What packages of npm hold besides their own code, under another license that they do not have with them. */
const ALSO_HELD: ReadonlyMap<string, string> = new Map([
  [
    'tldts',
    'Its table of suffixes was made of the Public Suffix List, https://publicsuffix.org, which is subject to the\n' +
      'terms of the Mozilla Public License, v. 2.0. You can obtain the license at https://mozilla.org/MPL/2.0/; on\n' +
      'Debian it is in /usr/share/common-licenses/MPL-2.0. The source form of the list is\n' +
      'https://publicsuffix.org/list/public_suffix_list.dat, and its history https://github.com/publicsuffix/list.',
  ],
]);

const RULE = `\n\n${'='.repeat(78)}\n\n`;

interface Part {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/**
 * @param folders npm packages
 * @throws if one of them has no license
 */
export function copyrightText(folders: readonly string[]): string {
  const own = `greyd, a greylisting policy daemon for Postfix.\n\n${readFileSync('LICENSE', 'utf8').trim()}`;
  const others = folders.map((folder) => {
    const part = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Part;
    const license = `${part.name} ${part.version} (${part.license})\n\n${licenseOf(part, folder).trim()}`;
    const held = ALSO_HELD.get(part.name);
    return held === undefined ? license : `${license}\n\n${held}`;
  });
  return `${[own, 'In /usr/lib/greyd there are also:', ...others].join(RULE)}\n`;
}

function licenseOf({ name, license }: Part, folder: string): string {
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const holder = MIT_HOLDERS.get(name);
  if (holder === undefined || license !== 'MIT') throw new Error(`${name} comes without a license`);
  // greyd's own is the same but for its second paragraph.
  return readFileSync('LICENSE', 'utf8').replace(/^Copyright.*$/m, holder);
}
