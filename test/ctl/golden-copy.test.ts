/**
 * greyctl copy, and what other commands do over a shared store, by golden files.
 */
import { SHARED_STORE_NEEDS, startDaemon } from '../shared-store/shared-daemons.ts';
import { RedisServer } from '../support/redis.ts';
import { type Around, describeGolden } from './golden-cases.ts';

const MAIL = 'client_address=192.0.2.1 sender=alice@example.net recipient=bob@example.org';

describeGolden(
  {
    copy: {
      plain: [
        'greyctl copy --defaults=default --to=$STORE',
        'greyctl copy --defaults=default --to=$STORE',
        'greyctl copy --dbdir=empty --from=$STORE',
        'greyctl check --dbdir=empty',
      ],
      json: 'greyctl copy --defaults=default --to=$STORE --json',
      'shared store': [
        'greyctl copy --defaults=default --to=$STORE 2>&1 >/dev/null',
        `greyctl explain --defaults=default --store=$STORE ${MAIL}`,
        'greyctl pass --store=$STORE sender=alice@example.net',
        `greyctl explain --defaults=default --store=$STORE ${MAIL}`,
        'greyctl list --store=$STORE --order=newest --limit=2',
      ],
      'not found': [
        'greyctl copy --defaults=default --to=redis://127.0.0.1:1',
        'greyctl copy --dbdir=nowhere --to=$STORE',
        'greyctl copy --dbdir=private --to=$STORE',
      ],
      'usage error': [
        'greyctl copy --defaults=default',
        'greyctl copy --defaults=default --to=db',
        'greyctl copy --defaults=default --to=redis://192.0.2.10 all',
      ],
    },
  },
  { needs: SHARED_STORE_NEEDS, around: startSharedStore },
);

async function startSharedStore(): Promise<Around> {
  const { url } = await RedisServer.start();
  // It says how records are kept there.
  await startDaemon(url);
  return { env: { STORE: url } };
}
