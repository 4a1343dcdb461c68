/** Folders and files in which something needs root, and which root runs in CI; `canRun` sees that none is missing. */
export const ROOT: readonly string[] = [
  'test/exim/',
  'test/postfix/',
  'test/postgrey/',
  'test/reports/',
  ...[
    'backup',
    'check',
    'defaults-init-script',
    'golden-defaults',
    'golden-examples',
    'golden-migrate',
    'import',
    'import-hostile',
    'import-safety',
    'migrate-former',
    'migrate/changed-file',
    'sourced-variables',
  ].map((name) => `test/ctl/${name}.test.ts`),
  ...['cleaning', 'disk', 'read-only', 'slow-store', 'unusable-database'].map(
    (name) => `test/faults/${name}.test.ts`,
  ),
  ...['account', 'pidfile', 'rsyslog', 'start-stop-daemon', 'syslog', 'systemd'].map(
    (name) => `test/service/${name}.test.ts`,
  ),
  'test/store/sqlite/store.test.ts',
];
