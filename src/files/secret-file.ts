/**
 * --privacy: the store holds no address but a keyed digest of it,
 *
 *   digest :== HMAC-SHA-256(secret, hash)        hash: hex(SHA-1(key as postgrey writes it))
 *
 * SHA-1 alone could be reversed by trying all addresses; the secret, 32 random bytes in a file of
 * its own that never leaves this host, prevents that. The inner hash is what `postgrey --privacy`
 * stores, so that such a database can be imported.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { putInFreePlace } from './beside.ts';
import { makeOwnedFile, writeAll } from './owned-file.ts';

const SECRET_BYTES = 32;

/** Returns the path of the secret of a host. */
export function secretPath(dbdir: string): string {
  return join(dbdir, 'greyd.secret');
}

/** @throws the system's error if that cannot be found out: it must not count as a no */
export function hasSecret(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Reads the secret, or creates it (mode 0600) if there is none yet.
 * @throws if the file cannot be read or created, or holds no secret
 */
export function loadSecret(path: string): Buffer {
  createIfAbsent(path);
  return readSecret(path);
}

/**
 * Reads the secret, for programs that only read records.
 * @throws if the file is missing, cannot be read, or holds no secret
 */
export function readSecret(path: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${path} is missing: without it no record of greyd --privacy can be found`);
  }
  const secret = Buffer.from(text.trim(), 'hex');
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `${path} holds no secret of ${SECRET_BYTES} bytes in hex: restore it from a backup, or remove it together with greyd.db`,
    );
  }
  return secret;
}

/**
 * Returns the 32 bytes that are stored in place of a key.
 * @param hash the SHA-1 of the key, in hex
 */
export function keyedDigest(secret: Buffer, hash: string): Buffer {
  return createHmac('sha256', secret).update(hash).digest();
}

/**
 * Creates the file whole or not at all: a crash must not leave half a secret behind. An existing one must not be replaced
 * because its directory could not be read for a moment.
 */
function createIfAbsent(path: string): void {
  if (hasSecret(path)) return;
  const unfinished = `${path}.new`;
  // An old one was left by a start that was killed, or is another user's link, which must not be followed.
  rmSync(unfinished, { force: true });
  makeOwnedFile(unfinished, undefined, (fd) =>
    writeAll(fd, Buffer.from(`${randomBytes(SECRET_BYTES).toString('hex')}\n`)),
  );
  putInFreePlace(unfinished, path);
}
