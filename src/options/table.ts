/**
 * Every option of the daemon. The table makes --help, and docs/reference.md is made of it.
 */
import type { GivenOf } from './given.ts';
import { OPTIONS_OF_GREYD } from './greyd-table.ts';
import { OPTIONS_OF_POSTGREY } from './postgrey-table.ts';

export const OPTION_TABLE = [...OPTIONS_OF_POSTGREY, ...OPTIONS_OF_GREYD] as const;

/** The values of OPTION_TABLE by name. */
export type GivenOptions = GivenOf<typeof OPTION_TABLE>;
