import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../src/log/printable.ts';
import { UsageError } from '../../src/options/command-line.ts';
import { type Options, parseOptions } from '../../src/options/daemon.ts';
import { OPTION_TABLE } from '../../src/options/table.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inputs } from '../support/fuzz.ts';

const SURROUNDINGS = { version: '1.2.3', hostname: 'mx.example.org', inherited: [] };

/** Options of a command line that listens somewhere. */
function parse(...args: string[]): Options {
  const options = parseOptions(['--inet=60000', ...args], SURROUNDINGS);
  if (typeof options === 'string') throw new Error(`text instead of options: ${options}`);
  return options;
}

function usageError(...args: string[]): string {
  try {
    parseOptions(args, SURROUNDINGS);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`${args.join(' ')} is no error`);
}

const loopback = (port: number) => [
  { kind: 'inet', host: '127.0.0.1', port, optional: false },
  { kind: 'inet', host: '::1', port, optional: true },
];

test('the defaults', () => {
  expect(parse()).toMatchObject({
    endpoints: loopback(60000),
    maxConnections: 10_000,
    requestTimeout: 100,
    requestBounds: { maxBytes: 1024 * 1024, maxAttributes: 1000 },
    exim: false,
    daemonize: false,
    dbdir: '/var/lib/greyd',
    privacy: false,
    delay: 300,
    maxAge: 35 * 86400,
    retryWindow: 2 * 86400,
    greylistAction: 'DEFER_IF_PERMIT',
    greylistText: 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html',
    xGreylistHeader: 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d',
    hostname: 'mx.example.org',
    lookupByHost: false,
    networkLengths: { ipv4: 24, ipv6: 64 },
    whitelistClients: ['/etc/greyd/whitelist_clients', '/etc/greyd/whitelist_clients.local'],
    whitelistRecipients: ['/etc/greyd/whitelist_recipients', '/etc/greyd/whitelist_recipients.local'],
    autoWhitelistClients: 5,
    logLevel: 'normal',
    logFormat: 'text',
    syslogFacility: 'mail',
    syslogIdent: 'postgrey',
    dryRun: false,
    allowTestTime: false,
    storeTimeout: 2,
    maxQueuedRequests: 10_000,
    maxTriplets: 20_000_000,
    maxNewPerClient: 0,
    metricsEndpoints: [],
    warnings: [],
  });
});

describe('each option changes what it says', () => {
  test.each<[string[], Partial<Options>]>([
    [['-v'], { logLevel: 'verbose' }],
    [['--verbose'], { logLevel: 'verbose' }],
    [['-q'], { logLevel: 'quiet' }],
    [['--quiet'], { logLevel: 'quiet' }],
    [
      ['--unix=/run/greyd'],
      {
        endpoints: [...loopback(60000), { kind: 'unix', path: '/run/greyd', mode: 0o666 }],
      } as Partial<Options>,
    ],
    [
      ['-u', '/run/greyd', '--socketmode=0600'],
      {
        endpoints: [...loopback(60000), { kind: 'unix', path: '/run/greyd', mode: 0o600 }],
      } as Partial<Options>,
    ],
    [['-i', '10023'], { endpoints: loopback(10023) } as Partial<Options>],
    [['-i=10023'], { endpoints: loopback(10023) } as Partial<Options>],
    [['-inet', '10023'], { endpoints: loopback(10023) } as Partial<Options>],
    [['-q', '-v'], { logLevel: 'quiet' }],
    [['--retry-window=12H'], { retryWindow: 12 * 3600 }],
    [['--greylist-action', ''], { greylistAction: 'DEFER_IF_PERMIT' }],
    [['-d'], { daemonize: true }],
    [['--daemonize'], { daemonize: true }],
    [['--pidfile=/run/greyd.pid'], { pidfile: '/run/greyd.pid' }],
    [['--user=mail'], { user: 'mail' }],
    [['--group', 'mail'], { group: 'mail' }],
    [['--dbdir=/srv/greyd'], { dbdir: '/srv/greyd' }],
    [['--delay=60'], { delay: 60 }],
    [['--delay', '60'], { delay: 60 }],
    [['--max-age=10'], { maxAge: 10 * 86400 }],
    [['--retry-window=3'], { retryWindow: 3 * 86400 }],
    [['--retry-window=12h'], { retryWindow: 12 * 3600 }],
    [['--greylist-action=451'], { greylistAction: '451' }],
    [['--greylist-text=Come back in %s s'], { greylistText: 'Come back in %s s' }],
    [['--greylist-text='], { greylistText: 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html' }],
    [
      ['--greylist-text', '', '--delay=60'],
      { greylistText: 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html', delay: 60 },
    ],
    [['--x-greylist-header=X-Delay: %t'], { xGreylistHeader: 'X-Delay: %t' }],
    [['--lookup-by-subnet'], { networkLengths: { ipv4: 24, ipv6: 64 } }],
    [['--lookup-by-host'], { lookupByHost: true, networkLengths: { ipv4: 32, ipv6: 128 } }],
    [['--ipv4cidr=28', '--ipv6cidr=48'], { networkLengths: { ipv4: 28, ipv6: 48 } }],
    [['--privacy'], { privacy: true }],
    [['--hostname=mx2'], { hostname: 'mx2' }],
    [['--exim'], { exim: true }],
    [['--whitelist-clients=a', '--whitelist-clients=b'], { whitelistClients: ['a', 'b'] }],
    [['--whitelist-recipients=a'], { whitelistRecipients: ['a'] }],
    [['--auto-whitelist-clients=3'], { autoWhitelistClients: 3 }],
    [['--auto-whitelist-clients=0'], { autoWhitelistClients: 0 }],
    [['--auto-whitelist-clients'], { autoWhitelistClients: 5 }],
    [['--auto-whitelist-clients', '--delay=60'], { autoWhitelistClients: 5, delay: 60 }],
    [['--syslog-facility=local3'], { syslogFacility: 'local3' }],
    [['--syslogfacility=local3'], { syslogFacility: 'local3' }],
    [['--facility=local3'], { syslogFacility: 'local3' }],
    [['--listen-queue-size=64'], { listenQueueSize: 64 }],
    [['--max-connections=64'], { maxConnections: 64 }],
    [['--request-timeout=5'], { requestTimeout: 5 }],
    [['--max-request-size=4096'], { requestBounds: { maxBytes: 4096, maxAttributes: 1000 } }],
    [['--max-request-attributes=50'], { requestBounds: { maxBytes: 1024 * 1024, maxAttributes: 50 } }],
    [['--allow-test-time'], { allowTestTime: true }],
    [['--log-format=json'], { logFormat: 'json' }],
    [['--syslog-ident=greyd/mx-2'], { syslogIdent: 'greyd/mx-2' }],
    [[`--syslog-ident=${'x'.repeat(48)}`], { syslogIdent: 'x'.repeat(48) }],
  ])('%j', (args, expected) => {
    expect(parse(...args)).toMatchObject(expected);
  });
});

describe('where to listen', () => {
  test.each([
    ['127.0.0.1:10023', [{ kind: 'inet', host: '127.0.0.1', port: 10023, optional: false }]],
    ['[2001:db8::1]:10023', [{ kind: 'inet', host: '2001:db8::1', port: 10023, optional: false }]],
    ['2001:db8::1:10023', [{ kind: 'inet', host: '2001:db8::1', port: 10023, optional: false }]],
    ['localhost:10023', loopback(10023)],
    [':10023', [{ kind: 'inet', host: '::', port: 10023, optional: false }]],
    ['*:10023', [{ kind: 'inet', host: '::', port: 10023, optional: false }]],
    ['mx.example.org:10023', [{ kind: 'inet', host: 'mx.example.org', port: 10023, optional: false }]],
  ])('--inet=%s', (inet, endpoints) => {
    expect(parseOptions([`--inet=${inet}`], SURROUNDINGS)).toMatchObject({ endpoints });
  });

  test('metrics: written as --inet, and not on the same port', () => {
    expect(parse('--metrics=9760').metricsEndpoints).toEqual(loopback(9760));
    expect(parse('--metrics=').metricsEndpoints).toEqual([]);
    expect(parse('--metrics=192.0.2.1:60000').metricsEndpoints).toHaveLength(1);
    expect(usageError('--metrics=metrics')).toBe(
      '--metrics=metrics: write [HOST:]PORT, --metrics=127.0.0.1:9760 or --metrics=[::1]:9760',
    );
    expect(usageError('--inet=60000', '--metrics=[::1]:60000')).toBe(
      '--metrics and --inet name the same port: write another port for one of them',
    );
  });

  test('nowhere is an error, an inherited socket is enough', () => {
    expect(usageError()).toBe(
      'nowhere to listen: give --inet=[HOST:]PORT or --unix=PATH, for example --inet=127.0.0.1:60000',
    );
    const inherited = [{ kind: 'inherited', fd: 3, path: undefined }] as const;
    expect(parseOptions([], { ...SURROUNDINGS, inherited })).toMatchObject({ endpoints: inherited });
  });
});

const LATE = 'postgrey stops reading options at the first stray or empty word';

describe('command lines as they are found', () => {
  test.each([
    [
      ['#', 'a', 'minute', '--delay=60', '-q'],
      ['--delay=60', '--quiet'],
    ],
    [
      ['see', '--delay', '60', '--privacy'],
      ['--delay=60', '--privacy'],
    ],
    [['--delay=60', '--', 'see', '--privacy'], []],
    [['--delay', '60', '--unix', '--privacy', '--quiet'], []],
    [['see', '--greylist-text='], []],
    [['--auto-whitelist-clients', '7', '--delay=60'], []],
  ])('of %j, %j have an effect that they had not in postgrey', (argv, late) => {
    const { warnings } = parse(...argv);
    const told =
      late.length > 0
        ? [`${LATE}: ${late.join(' ')} had no effect in postgrey but takes effect in greyd`]
        : [];
    expect(warnings.filter((one) => one.startsWith(LATE))).toEqual(told);
  });

  test('what systemd has not expanded is told', () => {
    expect(parse('$POSTGREY_OPTS', '--dbdir=$DIR/x').warnings).toEqual([
      "ignoring the word '$POSTGREY_OPTS' on the command line: systemd does not expand variables in /etc/default, write the value instead",
      `${LATE}: --dbdir=$DIR/x had no effect in postgrey but takes effect in greyd`,
      '--dbdir contains $DIR literally: systemd does not expand variables in /etc/default, write the value instead',
    ]);
    expect(() => parse('--delay=$DELAY')).toThrow(
      '--delay=$DELAY: write a whole number of seconds; systemd does not expand variables in /etc/default',
    );
  });

  test('empty arguments are ignored', () => {
    const warnings = [`${LATE}: --delay=60 had no effect in postgrey but takes effect in greyd`];
    expect(parse('', '--delay=60', '')).toMatchObject({ delay: 60, warnings });
    expect(parse('--delay=60', '')).toMatchObject({ delay: 60, warnings: [] });
  });

  test('an empty value changes nothing', () => {
    const names = [
      '--pidfile',
      '--user',
      '--group',
      '--unix',
      '--hostname',
      '--dbdir',
      '--delay',
      '--whitelist-clients',
    ];
    expect(parse(...names.map((name) => `${name}=`))).toEqual(parse());
    expect(parse(...names.flatMap((name) => [name, '']))).toEqual(parse());
    expect(parse('--greylist-text=Later', '--greylist-text=').greylistText).toBe('Later');
  });

  test.each([
    [['--i=10023'], { endpoints: loopback(10023) }],
    [['--v'], { logLevel: 'verbose' }],
    [['-delay', '60'], { delay: 60 }],
    [['-privacy'], { privacy: true }],
    [['-u=/x', '--u=/y'], { endpoints: [...loopback(60000), { kind: 'unix', path: '/y', mode: 0o666 }] }],
    [['--delay=+60'], { delay: 60 }],
    [['--syslog-facility=LOG_MAIL', '-d'], { syslogFacility: 'mail' }],
  ])('other spellings of postgrey: %j', (args, expected) => {
    expect(parse(...args)).toMatchObject(expected);
  });

  test('sockets of a service manager and --daemonize do not go together', () => {
    const inherited = [{ kind: 'inherited', fd: 3, path: undefined }] as const;
    expect(() => parseOptions(['-d'], { ...SURROUNDINGS, inherited })).toThrow(
      '--daemonize does not work with sockets passed by a service manager',
    );
  });

  test('words torn apart by a shell are named, and the options after them count', () => {
    const { greylistText, delay, warnings } = parse(
      '--greylist-text=Greylisted,',
      'see',
      'http://x.example',
      '--delay=60',
    );
    expect([greylistText, delay]).toEqual(['Greylisted,', 60]);
    expect(warnings).toEqual([
      "ignoring the word 'see' on the command line: it belongs to no option (missing quotes?)",
      "ignoring the word 'http://x.example' on the command line: it belongs to no option (missing quotes?)",
      `${LATE}: --delay=60 had no effect in postgrey but takes effect in greyd`,
    ]);
  });

  test('-- ends the options', () => {
    const { delay, warnings } = parse('--', '--delay=60');
    expect(delay).toBe(300);
    expect(warnings).toHaveLength(1);
  });

  test('0 means the default, and that is said', () => {
    const zeros = [
      '--delay=0',
      '--max-age=0',
      '--ipv4cidr=0',
      '--ipv6cidr=0',
      '--listen-queue-size=0',
      '--max-connections=0',
      '--request-timeout=0',
      '--max-request-size=0',
      '--max-request-attributes=0',
    ];
    expect(parse(...zeros)).toMatchObject({
      delay: 300,
      maxAge: 35 * 86400,
      networkLengths: { ipv4: 24, ipv6: 64 },
      listenQueueSize: undefined,
      maxConnections: 10_000,
      requestTimeout: 100,
      requestBounds: { maxBytes: 1024 * 1024, maxAttributes: 1000 },
      warnings: [
        '--delay=0 means the default, 300 seconds',
        '--max-age=0 means the default, 35 days',
        '--ipv4cidr=0 means the default, 24 bits',
        '--ipv6cidr=0 means the default, 64 bits',
        "--listen-queue-size=0 means the default, the system's",
        '--max-connections=0 means the default, 10000 connections',
        '--request-timeout=0 means the default, 100 seconds',
        '--max-request-size=0 means the default, 1048576 bytes',
        '--max-request-attributes=0 means the default, 1000 attributes',
      ],
    });
  });

  test('an option without effect is told', () => {
    const args = [
      '--facility=local1',
      '--syslog-ident=greyd',
      '--socketmode=0600',
      '--lookup-by-host',
      '--ipv4cidr=20',
      '--ipv6cidr=48',
    ];
    expect(parse(...args).warnings).toEqual([
      '--syslog-facility has no effect without --daemonize',
      '--syslog-ident has no effect without --daemonize',
      '--socketmode has no effect without --unix',
      '--ipv4cidr has no effect with --lookup-by-host',
      '--ipv6cidr has no effect with --lookup-by-host',
    ]);
    expect(parse('-q', '-v', '--lookup-by-host', '--lookup-by-subnet').warnings).toEqual([
      '--lookup-by-subnet has no effect with --lookup-by-host',
      '--verbose has no effect with --quiet',
    ]);
    expect(parse('--greylist-text', '-i').greylistText).toBe('-i');
    const effective = ['-d', '--facility=local1', '--syslog-ident=greyd', '--unix=/x', '--socketmode=0600'];
    expect(parse(...effective).warnings).toEqual([]);
  });

  test('the last of several values counts', () => {
    expect(parse('--delay=60', '--delay=90').delay).toBe(90);
  });
});

describe('a wrong command line is one line that says what to write', () => {
  test.each([
    [['--inet'], "option '-i, --inet <[HOST:]PORT>' argument missing, see greyd --help"],
    [['--delay=abc'], '--delay=abc: write a whole number of seconds'],
    [['--delay=-1'], '--delay=-1: write a whole number of seconds'],
    [['--max-age=1.5'], '--max-age=1.5: write a whole number of days'],
    [
      ['--retry-window=2d'],
      '--retry-window=2d: write a number of days or hours, --retry-window=2 or --retry-window=12h',
    ],
    [
      ['--inet=localhost'],
      '--inet=localhost: write [HOST:]PORT, --inet=127.0.0.1:60000 or --inet=[::1]:60000',
    ],
    [
      ['--inet=[::1:60000'],
      '--inet=[::1:60000: write [HOST:]PORT, --inet=127.0.0.1:60000 or --inet=[::1]:60000',
    ],
    [
      ['--inet=[host]:60000'],
      '--inet=[host]:60000: write [HOST:]PORT, --inet=127.0.0.1:60000 or --inet=[::1]:60000',
    ],
    [['--inet=70000'], '--inet=70000: write [HOST:]PORT, --inet=127.0.0.1:60000 or --inet=[::1]:60000'],
    [['--socketmode=rw'], '--socketmode=rw: write an octal number, --socketmode=0660'],
    [['--ipv4cidr=33'], '--ipv4cidr=33: write a whole number of bits up to 32'],
    [['--ipv6cidr=129'], '--ipv6cidr=129: write a whole number of bits up to 128'],
    [
      ['--auto-whitelist-clients=many'],
      '--auto-whitelist-clients=many: write a whole number of retries, or 0 for off',
    ],
    [
      ['--x-greylist-header=delayed'],
      "--x-greylist-header=delayed: write a header, --x-greylist-header='X-Greylist: delayed %t seconds'",
    ],
    [['--listen-queue-size=x'], '--listen-queue-size=x: write a whole number of connections'],
    [['--retry-window=0'], '--retry-window must be longer than --delay (300 s), or no mail would ever pass'],
    [
      ['--delay=86400', '--max-age=1'],
      '--max-age must be longer than --delay (86400 s), or no mail would ever pass',
    ],
    [
      ['--syslog-facility=email'],
      expect.stringMatching(/^--syslog-facility=email: write one of kern, user, mail, /),
    ],
    ...['grey d', 'greyd[1]', '[', ']', 'greyd:', 'gr\tyd', 'gr\u007fyd', 'gräyd', 'x'.repeat(49)].map(
      (ident): [string[], string] => [
        [`--syslog-ident=${ident}`],
        `--syslog-ident=${ident.replace('\t', ' ')}: write up to 48 visible ASCII characters without [ ] and :, --syslog-ident=greyd`,
      ],
    ),
    [['--log-format=xml'], '--log-format=xml: write one of text, json'],
    [['--no-action'], '--no-action is not supported, leave it out'],
    [['-n'], '--no-action is not supported, leave it out'],
    [['--noaction'], '--no-action is not supported, leave it out'],
    [['--dealy=60'], "unknown option '--dealy=60', see greyd --help"],
    [['--del=60'], expect.stringContaining("unknown option '--del=60'")],
    [['--delay'], "option '--delay <SECONDS>' argument missing, see greyd --help"],
    [['--delay=a\nb'], '--delay=a b: write a whole number of seconds'],
  ])('%j', (args, message) => {
    expect(usageError('--inet=60000', ...args)).toEqual(message);
  });
});

describe('a shared store', () => {
  test('is none unless asked for', () => expect(parse().sharedStore).toBeUndefined());

  test('has its parts from several options', () => {
    const folder = temporaryDirectory();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const { sharedStore, warnings } = parse(
      '--store=rediss://mx@db',
      '--store-prefix=mail:',
      `--store-password-file=${file('password', 'secret\nnot this\n')}`,
      `--store-ca-file=${file('ca', 'PEM')}`,
      '--store-replicas=2',
      '--store-timeout=3',
    );
    expect(warnings).toEqual([]);
    expect(sharedStore).toEqual({
      connection: {
        location: expect.objectContaining({ topology: 'single', user: 'mx', isEncrypted: true }),
        password: 'secret',
        ca: 'PEM',
        timeoutMs: 3000,
      },
      prefix: 'mail:',
      replicas: 2,
    });
  });

  test('has a password from the environment if there is no file', () => {
    const options = parseOptions(['--inet=1', '--store=redis://db'], {
      ...SURROUNDINGS,
      storePassword: 'secret',
    }) as Options;
    expect(options.sharedStore?.connection.password).toBe('secret');
  });

  test('no error and no warning shows the password', () => {
    const error = usageError('--inet=1', '--store=redis://mx:se:cr@et@db,db2');
    expect(error).toMatch(/^--store=redis:\/\/mx:\*\*\*@db,db2: write redis:\/\/HOST/);
    const url = 'redis://:secret@db';
    const others = ['redis://me@corp:secret@db', 'redis://m/e:secret@db', 'redis://db?password=secret'];
    const wrong = [`--stor=${url}`, `--store=${url}/x`, ...others.map((other) => `--store=${other}`)];
    for (const args of wrong.map((one) => [one])) {
      expect(usageError('--inet=1', ...args)).toMatch(/\*\*\*/);
      expect(usageError('--inet=1', ...args)).not.toContain('secret');
    }
    expect(parse(url).warnings.join()).toMatch(/redis:\/\/:\*\*\*@db/);
    expect(usageError('--inet=1', '--store=redis://mx@db,db')).toContain('redis://mx@db,db');
  });

  test('keys begin with what does not decide where a Cluster has them', () => {
    expect(usageError('--inet=1', '--store=redis://db', '--store-prefix={mail}')).toMatch(
      /without \{ and \}/,
    );
  });

  test('a file that cannot be read is an error, and so is an empty one', () => {
    const missing = join(temporaryDirectory(), 'missing');
    expect(usageError('--inet=1', '--store=redis://db', `--store-password-file=${missing}`)).toMatch(
      /^cannot read --store-password-file=.*missing: ENOENT/,
    );
    expect(usageError('--inet=1', '--store=redis://db', '--store-password-file=/dev/null')).toMatch(
      /the first line is empty$/,
    );
  });

  test('options that do nothing are told', () => {
    expect(parse('--store-replicas=1').warnings).toEqual(['--store-replicas has no effect without --store']);
    expect(parse('--store=redis://db', '--max-triplets=5').warnings).toEqual([
      '--max-triplets has no effect with --store: the limit there is maxmemory of the server',
    ]);
  });

  test('networks that are too large for a Cluster are an error', () => {
    const cluster = '--store=redis-cluster://db';
    expect(usageError('--inet=1', cluster, '--ipv4cidr=15')).toBe(
      'client networks are too large for redis-cluster://: write at least --ipv4cidr=16 and --ipv6cidr=32',
    );
    expect(usageError('--inet=1', cluster, '--ipv6cidr=31')).toMatch(/too large/);
    expect(parse(cluster, '--lookup-by-host', '--ipv4cidr=8').sharedStore).toBeDefined();
    expect(parse('--store=redis://db', '--ipv4cidr=8').sharedStore).toBeDefined();
  });
});

test('--version and --help are printed instead', () => {
  expect(parseOptions(['--version'], SURROUNDINGS)).toBe('greyd 1.2.3\n');
  for (const flag of ['--help', '-h', '--man']) {
    expect(parseOptions([flag], SURROUNDINGS)).toMatch(
      /^Usage: greyd --inet=.*--delay <SECONDS> .*\(default: 300\)/s,
    );
  }
});

describe('any command line', () => {
  const name = fc.constantFrom(
    ...OPTION_TABLE.map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? ''),
    ...[
      '-i',
      '-u',
      '-d',
      '-x',
      '--',
      '-',
      '--inet',
      '-inet',
      '--no-exim',
      '--__proto__',
      '--constructor',
      '---',
    ],
  );
  const value = fc.oneof(
    fc.constantFrom('', '0', '1', '60000', '-1', '1e9', '0x10', '٣', '9'.repeat(400), '12h', '0777', 'json'),
    fc.constantFrom('[::1]:25', ':25', 'a:b:c', '[::1', 'mail', '%s', '\n', '\x1b[2J', '\ud800', '__proto__'),
    fc.string({ unit: 'binary' }),
  );
  const word = fc.oneof(
    { weight: 2, arbitrary: fc.tuple(name, value).map(([name, value]) => `${name}=${value}`) },
    name,
    value,
  );

  test('is options, a text that was asked for, or one line that says what is wrong', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.boolean(), (words, listens) => {
        try {
          const options = parseOptions(listens ? ['--inet=60000', ...words] : words, SURROUNDINGS);
          if (typeof options === 'string') return;
          for (const warning of options.warnings) expect(printable(warning)).toMatch(/^\S.*$/);
          expect(options.retryWindow).toBeGreaterThan(options.delay);
          expect(options.maxAge).toBeGreaterThan(options.delay);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          expect(error.message).toMatch(/^[^\r\n]+$/);
        }
      }),
      { numRuns: inputs(1000) },
    );
  });
});
