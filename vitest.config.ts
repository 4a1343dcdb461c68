import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { ROOT } from './test/support/root-tests.ts';

/**
 * They look at how fast answers come, put a load on the machine themselves, or unmount a disk, which others would hold
 * that run in mounts of their own: alone, one at a time.
 */
const TIMED = [
  ...['floods', 'slow-store', 'restart', 'cleaning', 'read-only'].map(
    (name) => `test/faults/${name}.test.ts`,
  ),
  'test/shared-store/failover.test.ts',
  // A Sentinel has half a second for its answer, which a busy machine takes for itself.
  'test/shared-store/answer-bound.test.ts',
];

/** They take longest: begun last, they would run alone at the end. */
const BEGUN_FIRST = [
  'test/postgrey/differential.test.ts',
  'test/postgrey/import.test.ts',
  'test/ctl/million.test.ts',
  'test/faults/lost-database.test.ts',
  'test/faults/crash.test.ts',
  'test/faults/read-errors.test.ts',
  'test/faults/random-input.test.ts',
  'test/daemon/lifecycle.test.ts',
  'test/ctl/golden-records.test.ts',
  'test/ctl/shared-store.test.ts',
  ...['migrate', 'migrate-undo', 'migrate-elsewhere', 'installation'].map(
    (name) => `test/package/${name}.test.ts`,
  ),
];

for (const place of [...TIMED, ...BEGUN_FIRST, ...ROOT]) {
  if (!existsSync(place))
    throw new Error(`${place} is not there: mend its name in vitest.config.ts or test/support/root-tests.ts`);
}

/** Most tests wait for a process of their own: with one for each processor, half of these were idle. */
const WORKERS = Number(process.env.GREYD_WORKERS ?? Math.ceil(availableParallelism() * 1.5));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => BEGUN_FIRST.some((file) => moduleId.endsWith(file));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Of all tests, or of those of root alone, see test/support/requirements.ts. */
const includes =
  process.env.GREYD_TESTS === 'root'
    ? ROOT.map((place) => (place.endsWith('/') ? `${place}**/*.test.ts` : place))
    : ['test/**/*.test.ts'];

export default defineConfig({
  test: {
    // Nobody looks at time here, but at what hangs: some machines are slow, or busy, or run this at nice 19.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: includes,
          exclude: [...TIMED, 'test/package/**'],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          include: process.env.GREYD_TESTS === 'root' ? TIMED.filter((file) => ROOT.includes(file)) : TIMED,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          maxWorkers: WORKERS,
        },
      },
    ],
  },
});
