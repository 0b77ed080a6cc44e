// The users of the application, in PostgreSQL. PGlite is PostgreSQL in this process, to need no server; a client such as `pg`
// is asked in the same words.
import { PGlite } from '@electric-sql/pglite'

/** Opens the store, with one user in it. */
export async function openUsers() {
  const db = new PGlite()
  await db.exec("create table users (id text primary key); insert into users values ('ann')")
  return db
}

/** What the verifier asks for each subject: does the account still exist? */
export const existsIn = (db) => async (token) => {
  const { rows } = await db.query('select 1 from users where id = $1', [token.subject])
  return rows.length > 0
}
