// What nobody can guess and nobody else has: names for processes, logs and locks.
import { randomBytes } from 'node:crypto'

/** 64 random bits as 11 characters of base64url. */
export function randomId(): string {
  return randomBytes(8).toString('base64url')
}
