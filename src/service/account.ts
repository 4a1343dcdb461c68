/**
 * The account that the daemon runs as. Started as root it gives root up before it reads a byte
 * from anyone; started by anybody else it stays who it is.
 */
import { execFileSync } from 'node:child_process';

declare global {
  namespace NodeJS {
    interface Process {
      /** Documented by Node.js since 0.9.4; @types/node does not have it. */
      initgroups?(user: string | number, extraGroup: string | number): void;
    }
  }
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** For the supplementary groups; undefined for a number that is no known user. */
  readonly name: string | undefined;
}

/** The accounts that are tried, in this order, if none is asked for. */
const DEFAULT_USERS = ['greyd', 'postgrey'];

/** The account that was asked for does not exist. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
}

/**
 * Finds the account to run as.
 * @param user name or number; undefined: the first default account that exists
 * @param group name or number; undefined: the user's own
 * @returns undefined if none was asked for and no default account exists
 * @throws {AccountError}
 */
export function findAccount(user: string | undefined, group: string | undefined): Account | undefined {
  const account =
    user === undefined ? DEFAULT_USERS.map(findUser).find((found) => found !== undefined) : requireUser(user);
  if (group === undefined || account === undefined) return account;
  return { ...account, gid: requireGroup(group) };
}

/** Becomes this account, for good. Only root can. */
export function becomeAccount({ uid, gid, name }: Account): void {
  if (name !== undefined) process.initgroups?.(name, gid);
  else process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function requireUser(user: string): Account {
  const account = findUser(user);
  if (account !== undefined) return account;
  if (!/^\d+$/.test(user)) throw new AccountError(`--user=${user}: there is no such user`);
  return { uid: Number(user), gid: Number(user), name: undefined };
}

function findUser(user: string): Account | undefined {
  // passwd(5): name:password:uid:gid:...
  const [name, , uid, gid] = databaseEntry('passwd', user) ?? [];
  return name === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
}

function requireGroup(group: string): number {
  // group(5): name:password:gid:...
  const [, , gid] = databaseEntry('group', group) ?? [];
  if (gid !== undefined) return Number(gid);
  if (!/^\d+$/.test(group)) throw new AccountError(`--group=${group}: there is no such group`);
  return Number(group);
}

/** Asks getent(1), which knows every source of users that the system is set up for (nsswitch.conf). */
function databaseEntry(database: 'passwd' | 'group', key: string): string[] | undefined {
  try {
    return execFileSync('getent', ['--', database, key], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(':');
  } catch {
    return undefined;
  }
}
