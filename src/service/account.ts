/**
 * The account that the daemon runs as. Started as root it drops root privileges (see privileges.ts) before it reads
 * any client's data; started as another user it keeps that. greyctl does the same with the account that owns the
 * database.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { giveFolder, makeWithParents } from './root-folders.ts';

declare global {
  namespace NodeJS {
    interface Process {
      /** Documented by Node.js since 0.9.4, but missing in @types/node. */
      initgroups?(user: string | number, extraGroup: string | number): void;
    }
  }
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** The name for the supplementary groups; undefined for a number that is no known user. */
  readonly name: string | undefined;
}

/** The accounts to try, in this order, if --user names none. */
const DEFAULT_USERS = ['greyd', 'postgrey'];

/** The account that was asked for does not exist. */
export class AccountError extends Error {
  override readonly name = 'AccountError';
}

export interface AccountSettings {
  /** Name or number; undefined: the first default account that exists. */
  readonly user?: string | undefined;
  /** Name or number; undefined: the user's own. */
  readonly group?: string | undefined;
}

/**
 * Finds the account that the daemon is to run as.
 * @returns undefined to keep the current one; with warnings, if that is not what was asked for
 * @throws {AccountError} if there is no such user or group
 */
export function resolveAccount({ user, group }: AccountSettings): {
  account: Account | undefined;
  warnings: readonly string[];
} {
  if (isRoot()) {
    const account = findAccount(user, group);
    if (account !== undefined) return { account, warnings: [] };
    return {
      account,
      warnings: ['running as root: there is no account greyd or postgrey to switch to, see --user'],
    };
  }
  const isIgnored = group !== undefined || !isCurrent(user);
  return {
    account: undefined,
    warnings: isIgnored ? ['--user and --group have no effect: greyd was not started as root'] : [],
  };
}

/**
 * Finds the account that owns a database, for a program beside the daemon: a file of root's in its
 * directory would lock the daemon out. A missing directory, or an empty one of root's, is prepared
 * for the default account, as the daemon would do it.
 * @returns undefined if the process is not root, and so cannot switch
 * @throws the system's error if the directory cannot be made
 */
export function claimDatabase(dbdir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const names = existsSync(dbdir) ? readdirSync(dbdir) : [];
  if (names.length === 0 && (!existsSync(dbdir) || statSync(dbdir).uid === 0)) {
    const account = findAccount(undefined, undefined);
    try {
      if (account === undefined) makeWithParents(dbdir);
      else giveFolder(dbdir, account);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`--dbdir=${dbdir}: cannot create the directory (${code})`);
    }
    return account;
  }
  // In a directory of its own an account can put anything under any name, so the owner of the directory counts;
  // a file in a directory of root's was put there by root.
  const directory = statSync(dbdir);
  const { uid, gid } =
    directory.uid === 0 && names.includes('greyd.db') ? lstatSync(join(dbdir, 'greyd.db')) : directory;
  return { uid, gid, name: findUser(String(uid))?.name };
}

/** Tells whether the process may do what only root may. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Returns the owner of files that the process makes. */
export function currentOwner(): { readonly uid: number; readonly gid: number } {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

/**
 * Switches to the account for good (undefined: keeps the current one); files made from here on are
 * readable for it alone.
 */
export function becomeAccount(account: Account | undefined): void {
  process.umask(0o077);
  if (account === undefined) return;
  becomeGroups(account);
  process.setgid?.(account.gid);
  process.setuid?.(account.uid);
}

/** Sets the account's group, for new files, and its supplementary groups; root can restore its own. */
export function becomeGroups({ gid, name }: Account): void {
  if (name !== undefined) process.initgroups?.(name, gid);
  else process.setgroups?.([gid]);
  process.setegid?.(gid);
}

/** @returns undefined if none was asked for and no default account exists */
function findAccount(user: string | undefined, group: string | undefined): Account | undefined {
  const account =
    user === undefined ? DEFAULT_USERS.map(findUser).find((found) => found !== undefined) : requireUser(user);
  if (group === undefined || account === undefined) return account;
  return { ...account, gid: requireGroup(group) };
}

/** Tells whether the process runs as this user already. */
function isCurrent(user: string | undefined): boolean {
  return user === undefined || (findUser(user)?.uid ?? Number(user)) === process.getuid?.();
}

function requireUser(user: string): Account {
  const account = findUser(user);
  if (account !== undefined) return account;
  if (!/^\d+$/.test(user)) throw new AccountError(`--user=${user}: there is no such user`);
  return { uid: Number(user), gid: Number(user), name: undefined };
}

function findUser(user: string): Account | undefined {
  // passwd(5): name:password:uid:gid:...
  const [name, , uid, gid] = nameServiceEntry('passwd', user) ?? [];
  return name === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
}

function requireGroup(group: string): number {
  // group(5): name:password:gid:...
  const [, , gid] = nameServiceEntry('group', group) ?? [];
  if (gid !== undefined) return Number(gid);
  if (!/^\d+$/.test(group)) throw new AccountError(`--group=${group}: there is no such group`);
  return Number(group);
}

/** Asks getent(1), which knows every source of users in nsswitch.conf. */
function nameServiceEntry(database: 'passwd' | 'group', key: string): string[] | undefined {
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
