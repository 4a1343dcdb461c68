/** Folders and files in which something needs root, and which root runs in CI; `canRun` sees that none is missing. */
export const ROOT: readonly string[] = [
  'test/exim/',
  'test/postfix/',
  'test/postgrey/',
  'test/reports/',
  ...[
    'commands/backup',
    'commands/check',
    'commands/import',
    'golden-defaults',
    'golden-examples',
    'golden-migrate',
    'import-hostile',
    'import-safety',
  ].map((name) => `test/ctl/${name}.test.ts`),
  ...['defaults-init-script', 'sourced-variables'].map((name) => `test/options/${name}.test.ts`),
  ...['cleaning', 'disk', 'read-only', 'slow-store', 'unusable-database'].map(
    (name) => `test/faults/${name}.test.ts`,
  ),
  ...['account', 'pidfile', 'rsyslog', 'start-stop-daemon', 'syslog', 'systemd'].map(
    (name) => `test/service/${name}.test.ts`,
  ),
  'test/store/sqlite/store.test.ts',
];
