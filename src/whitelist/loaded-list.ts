/**
 * One list of patterns, loaded whole from its files. A reload builds a new list and then swaps it; no request sees a
 * half-read one. The list stays as it was if one of its files cannot be read at a reload, or if it had patterns
 * and would have none now: a file that was emptied or damaged by mistake must not defer the mail of listed hosts. At
 * the start the files count as they are.
 *
 * Known limit: in a list with several files, one that has lost all its patterns is loaded as it is, with
 * a warning; a file of the administrator's own additions (`.local`) without one.
 */
import { type AddLine, type LineForm, readWhitelistFile } from './whitelist-file.ts';

/** What a list is in messages, and where it is read from. */
export interface ListSource {
  /** As in "the client whitelist". */
  readonly title: string;
  /** As in "cannot read whitelist FILE". */
  readonly noun: 'whitelist' | 'list';
  readonly files: readonly string[];
  readonly form: LineForm;
}

interface PatternList {
  readonly size: number;
  add: AddLine;
}

interface ReadList<List> {
  readonly list: List;
  /** The number of patterns from each file that could be read. */
  readonly patterns: ReadonlyMap<string, number>;
  readonly warnings: string[];
  /** True if every file could be read, or may be absent. */
  readonly isComplete: boolean;
}

/** Suffix of optional files: the administrator's own additions. */
const OPTIONAL_SUFFIX = '.local';

export class LoadedList<List extends PatternList> {
  readonly #source: ListSource;
  readonly #make: () => List;
  #read: ReadList<List>;

  /** True if all its files were loaded when they were last read. */
  isUpToDate = false;

  constructor(source: ListSource, make: () => List) {
    this.#source = source;
    this.#make = make;
    this.#read = { list: make(), patterns: new Map(), warnings: [], isComplete: false };
  }

  /** The list in use. */
  get list(): List {
    return this.#read.list;
  }

  /** Loads it for the first time, as far as it can be read. @returns a warning per problem */
  async load(): Promise<string[]> {
    this.#read = await readList(this.#source, this.#make());
    this.isUpToDate = this.#read.isComplete;
    return this.#read.warnings;
  }

  /** Loads it again; if that cannot be done, it stays as it is. @returns a warning per problem */
  async reload(): Promise<string[]> {
    const before = this.#read;
    const read = await readList(this.#source, this.#make());
    this.isUpToDate = read.isComplete && !isEmptied(before, read);
    if (this.isUpToDate) this.#read = read;
    return [...read.warnings, ...troublesOf(this.#source.title, before, read)];
  }
}

async function readList<List extends PatternList>(
  { noun, files, form }: ListSource,
  list: List,
): Promise<ReadList<List>> {
  const patterns = new Map<string, number>();
  const warnings: string[] = [];
  let isComplete = true;
  for (const path of files) {
    const before = list.size;
    try {
      warnings.push(...(await readWhitelistFile(path, (line) => list.add(line), form)));
      patterns.set(path, list.size - before);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && path.endsWith(OPTIONAL_SUFFIX)) continue;
      isComplete = false;
      warnings.push(`cannot read ${noun} ${path}: ${message}`);
    }
  }
  return { list, patterns, warnings, isComplete };
}

function isEmptied(before: ReadList<PatternList>, read: ReadList<PatternList>): boolean {
  return before.list.size > 0 && read.list.size === 0;
}

/** Returns warnings about a reload, beside those about unreadable lines and files. */
function troublesOf(title: string, before: ReadList<PatternList>, read: ReadList<PatternList>): string[] {
  const kept = `the ${title} stays as it was`;
  if (!read.isComplete) return [kept];
  if (isEmptied(before, read))
    return [`${kept}: its files have no valid line any more; to load an empty list, restart greyd`];
  return [...before.patterns]
    .filter(([path, count]) => count > 0 && read.patterns.get(path) === 0 && !path.endsWith(OPTIONAL_SUFFIX))
    .map(
      ([path, count]) =>
        `${path} has no valid line any more: ${count === 1 ? 'its pattern is' : `its ${count} patterns are`} dropped`,
    );
}
