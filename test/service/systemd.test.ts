/**
 * The units under a real systemd: in their sandbox, with readiness, watchdog and sockets.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OWN_SYSTEMD_NEEDS, OwnSystemd } from '../support/own-systemd.ts';
import { requestText } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';

const SERVICE = readFileSync('systemd/greyd.service', 'utf8');
const SOCKET = readFileSync('systemd/greyd.socket', 'utf8');
const LOG = '/run/greyd-test.log';
/** There is no journal. */
const LOG_TO_FILE = { 'greyd.service.d/log.conf': `[Service]\nStandardError=append:${LOG}\n` };

/** Asks one request over a connection of its own; fails if that is refused. */
function ask(systemd: OwnSystemd, sender = 'alice@example.net'): string {
  return systemd.pipe(requestText({ sender }), 'socat', '-t10', '-', 'TCP:127.0.0.1:60000').trim();
}

describe.skipIf(!canRun('tests of the units', OWN_SYSTEMD_NEEDS))('the units', () => {
  test('greyd serves in its sandbox, keeps its files to itself, reloads and restarts', async () => {
    const systemd = await OwnSystemd.boot({ 'greyd.service': SERVICE, ...LOG_TO_FILE });
    // systemctl returns when greyd reports that it serves: it can be asked at once.
    systemd.run('systemctl', 'start', 'greyd.service');
    expect(ask(systemd)).toMatch(/^action=DEFER_IF_PERMIT /);

    const pid = systemd.property('greyd.service', 'MainPID');
    const status = systemd.run('cat', `/proc/${pid}/status`);
    expect(status).toMatch(/^Name:\tgreyd$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const modes = systemd.run('find', '/var/lib/greyd', '-printf', '%m %u %f\n').trim().split('\n');
    expect(modes.sort()).toEqual([
      '600 greyd greyd.db',
      '600 greyd greyd.db-shm',
      '600 greyd greyd.db-wal',
      '700 greyd greyd',
    ]);

    systemd.run('systemctl', 'reload', 'greyd.service');
    systemd.run('systemctl', 'restart', 'greyd.service');
    expect(systemd.property('greyd.service', 'MainPID')).not.toBe(pid);
    expect(ask(systemd)).toMatch(/^action=DEFER_IF_PERMIT /);
    systemd.run('systemctl', 'stop', 'greyd.service');
    expect(systemd.property('greyd.service', 'Result')).toBe('success');
    const log = systemd.run('cat', LOG);
    expect(log).toContain('HUP received');
    expect(log.match(/reason=(?:new|early-retry)/g)).toHaveLength(2);
    expect(log).not.toMatch(/service manager|error|fail|EPERM|denied/i);
  });

  test('metrics are served out of the sandbox too', async () => {
    const systemd = await OwnSystemd.boot({ 'greyd.service': SERVICE, ...LOG_TO_FILE });
    const options = 'POSTGREY_OPTS="--inet=127.0.0.1:60000 --metrics=9760"\n';
    systemd.pipe(options, 'dd', 'status=none', 'of=/etc/default/greyd');
    systemd.run('systemctl', 'start', 'greyd.service');
    // Node.js leaves a client without an answer that closes its side after the request.
    const get = (path: string) =>
      systemd.pipe(`GET ${path} HTTP/1.0\r\n\r\n`, 'socat', '-t10', '-', 'TCP:127.0.0.1:9760,shut-none');
    expect(get('/healthz')).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok\n$/s);
    expect(get('/metrics')).toContain('\ngreyd_store_up 1\n');
  });

  test('one that stands still is replaced', async () => {
    const hasty = '[Service]\nWatchdogSec=1500ms\nRestartSec=0\n';
    const systemd = await OwnSystemd.boot({
      'greyd.service': SERVICE,
      'greyd.service.d/watchdog.conf': hasty,
      ...LOG_TO_FILE,
    });
    systemd.run('systemctl', 'start', 'greyd.service');
    const pid = systemd.property('greyd.service', 'MainPID');
    const started = systemd.property('greyd.service', 'WatchdogTimestampMonotonic');
    // A ping came, and it is the same process still.
    await systemd.changed('greyd.service', 'WatchdogTimestampMonotonic', started);
    expect(systemd.property('greyd.service', 'MainPID')).toBe(pid);
    systemd.run('kill', '-STOP', pid);
    await systemd.changed('greyd.service', 'NRestarts', '0');
    while (systemd.property('greyd.service', 'ActiveState') !== 'active')
      await systemd.changed('greyd.service', 'ActiveState', 'activating');
    expect(ask(systemd)).toMatch(/^action=DEFER_IF_PERMIT /);
  });

  test('with greyd.socket a connection during a restart waits, and the options need no change', async () => {
    const systemd = await OwnSystemd.boot({
      'greyd.service': SERVICE,
      'greyd.socket': SOCKET,
      ...LOG_TO_FILE,
    });
    systemd.run('systemctl', 'start', 'greyd.socket');
    // The first request starts the service.
    expect(ask(systemd, 'first@example.net')).toMatch(/^action=DEFER_IF_PERMIT /);
    // Nobody waits for the disk to have a line of the log.
    await expect.poll(() => systemd.run('cat', LOG)).toMatch(/^greyd \S+ listening on 127\.0\.0\.1:60000$/m);
    systemd.run('systemctl', 'restart', '--no-block', 'greyd.service');
    expect(ask(systemd, 'second@example.net')).toMatch(/^action=DEFER_IF_PERMIT /);
    systemd.run('systemctl', 'restart', 'greyd.service');
    expect(ask(systemd, 'third@example.net')).toMatch(/^action=DEFER_IF_PERMIT /);
  });

  test('with greyd.socket a wrong option is reported now and then, and waiting clients are served once it is corrected', async () => {
    const systemd = await OwnSystemd.boot({
      'greyd.service': SERVICE,
      'greyd.socket': SOCKET,
      ...LOG_TO_FILE,
    });
    const setOptions = (options: string) =>
      systemd.pipe(`POSTGREY_OPTS="${options}"\n`, 'dd', 'status=none', 'of=/etc/default/greyd');
    setOptions('--inet=60000 --delay=foo');
    systemd.run('systemctl', 'start', 'greyd.socket');
    const client = 'socat -t60 - TCP:127.0.0.1:60000 >/run/answer 2>&1 && mv /run/answer /run/answered';
    systemd.pipe(requestText(), 'sh', '-c', `cat >/run/request; (${client}) </run/request >/dev/null 2>&1 &`);
    await systemd.changed('greyd.service', 'ExecMainStatus', '0');
    expect(systemd.property('greyd.service', 'ExecMainStatus')).toBe('2');
    // Not started again, while somebody waits.
    expect(systemd.property('greyd.service', 'SubState')).toBe('stop-post');
    expect(systemd.property('greyd.socket', 'ActiveState')).toBe('active');

    setOptions('--inet=60000');
    await expect.poll(() => systemd.run('ls', '/run')).toMatch(/^answered$/m);
    expect(systemd.run('cat', '/run/answered')).toMatch(/^action=DEFER_IF_PERMIT /);
    expect(systemd.run('cat', LOG).match(/--delay/g)).toHaveLength(1);
  });
});
