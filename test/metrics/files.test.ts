/**
 * The files about metrics, compared with those of a real greyd: the alert rules, the dashboard
 * and docs/reference.md.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';
import { MeasuredGreyd } from './real-greyd.ts';

const RULES = 'etc/prometheus/greyd.rules.yml';
const DASHBOARD = 'etc/grafana/greyd.json';
const canCheck = canRun('metrics under promtool', { programs: ['promtool'] });

/** All values of a key, however deep they stand. */
function valuesOf(key: string, tree: unknown): unknown[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(key, value),
  ]);
}

const dashboard: unknown = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
const panels = valuesOf('expr', dashboard).map(String);
const variables = valuesOf('definition', dashboard).map(String);

/** Names of metrics in some PromQL, without what stands in quotes. */
function namesIn(promql: string): string[] {
  return promql.replace(/"[^"]*"/g, '').match(/\b(?:greyd|process)_\w+/g) ?? [];
}

/** Only after the first cleaning, in its second minute, greyd has a sample of it. */
const WITHOUT_SAMPLE = { name: 'greyd_cleaning_last_end_timestamp_seconds', labels: ['kind'] };

/** All names that stand on a page, those of the parts of histograms among them. */
function exposedNames(page: string): Set<string> {
  const samples = [...page.matchAll(/^(\w+)[{ ]/gm)].map(([, name = '']) => name);
  const gauges = [...page.matchAll(/^# TYPE (\w+) gauge$/gm)].map(([, name = '']) => name);
  return new Set([...samples, ...gauges]);
}

let page: Promise<string> | undefined;

/** The page of a greyd that has just started: one for all tests. */
function pageOfNewGreyd(): Promise<string> {
  page ??= MeasuredGreyd.start().then((greyd) => greyd.page());
  return page;
}

test('the rules and the dashboard use metrics that there are', async () => {
  const rules = readFileSync(RULES, 'utf8').replace(/^#[^\n]*$|^ *annotations:.*?^$/gms, '');
  const inRules = namesIn(rules);
  const inDashboard = [...panels, ...variables].flatMap(namesIn);
  expect([inRules.length > 10, panels.length > 15, inDashboard.length > 30]).toEqual([true, true, true]);
  const exposed = exposedNames(await pageOfNewGreyd());
  expect([...inRules, ...inDashboard].filter((name) => !exposed.has(name))).toEqual([]);
});

test('the dashboard asks for its data source when it is imported, and uses no other', () => {
  expect(valuesOf('__inputs', dashboard)).toEqual([
    [expect.objectContaining({ name: 'DS_PROMETHEUS', type: 'datasource', pluginId: 'prometheus' })],
  ]);
  const sources = valuesOf('datasource', dashboard);
  expect(sources.length).toBeGreaterThan(panels.length);
  const other = sources.filter((source) => !JSON.stringify(source).includes(`"uid":"\${DS_PROMETHEUS}"`));
  expect(other).toEqual([]);
  const ids = valuesOf('panels', dashboard).flatMap((list) => (list as { id: number }[]).map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});

test('docs/reference.md lists every metric, in the words of its help', async () => {
  const page = await pageOfNewGreyd();
  const labels = new Map([[WITHOUT_SAMPLE.name, new Set(WITHOUT_SAMPLE.labels)]]);
  for (const [, name = '', inBraces = ''] of page.matchAll(
    /^(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? /gm,
  )) {
    const names = [...inBraces.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
    const all = labels.get(name) ?? new Set();
    for (const label of names.filter((label) => label !== 'le')) all.add(label);
    labels.set(name, all);
  }
  const rows = [...page.matchAll(/^# HELP (\w+) (.*)$/gm)].map(([, name = '', help]) => {
    const shown = [...(labels.get(name) ?? [])].map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${shown} | ${help} |`;
  });
  const lines = readFileSync('docs/reference.md', 'utf8').split('\n');
  const begin = lines.indexOf('| metric | labels | meaning |') + 2;
  const listed = lines.slice(begin, lines.indexOf('', begin));
  expect(listed).toEqual(rows);
});

describe.skipIf(!canCheck)('promtool', () => {
  test('has nothing to say about the metrics', async () => {
    const greyd = await MeasuredGreyd.start();
    await greyd.daemon.ask();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await greyd.page(),
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('finds the rules right, and each alert comes when it should and not otherwise', () => {
    const run = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8' });
    expect(run('check', 'rules', RULES)).toMatch(/SUCCESS: \d+ rules found/);
    const tested = readFileSync('test/metrics/rules.test.yml', 'utf8');
    const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
    expect(alerts.filter((name) => !tested.includes(`alertname="${name}"`))).toEqual([]);
    expect(run('test', 'rules', 'test/metrics/rules.test.yml')).toMatch(/SUCCESS/);
  });

  test('understands the queries of the dashboard', () => {
    const rules = panels.map((expr, number) => ({
      record: `panel_${number}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const path = join(temporaryDirectory(), 'panels.yml');
    // JSON is YAML too.
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const printed = execFileSync('promtool', ['check', 'rules', path], { encoding: 'utf8' });
    expect(printed).toContain(`SUCCESS: ${panels.length} rules found`);
  });
});
