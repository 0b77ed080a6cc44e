// Who is measured: a server each, in a process of its own. All but the open ones do the same job: signature (RS256, against
// the key set of the issuer), `iss`, `aud`, `exp`.
import { fileURLToPath } from 'node:url'

const program = (name) => fileURLToPath(new URL(`${name}.js`, import.meta.url))

/** What stands next to the contenders of a framework, and judges nothing. */
const open = ['bare', 'empty guard']

const rowsOf = (group, argv, names) => names.map((name) => ({ group, name, argv, isOpen: open.includes(name) }))
const nestRows = ['bare', 'empty guard', 'Sallyport', 'passport-jwt']

export const contenders = [
  ...rowsOf('Express 5', [program('express')], ['bare', 'Sallyport', 'express-oauth2-jwt-bearer']),
  ...rowsOf('Fastify 5', [program('fastify')], ['bare', 'Sallyport', '@fastify/jwt, cache', '@fastify/jwt']),
  ...rowsOf('Nest 12 on Express', [program('nest'), 'express'], nestRows),
  ...rowsOf('Nest 12 on Fastify', [program('nest'), 'fastify'], nestRows),
]

const atLeast = (least, group, other, workload = 'hot') => ({ group, other, workload, least })

/** How many times as much the other costs as ours. */
export const aims = [
  atLeast(0.95, 'Express 5', 'bare'),
  atLeast(1.8, 'Express 5', 'express-oauth2-jwt-bearer'),
  atLeast(1, 'Express 5', 'express-oauth2-jwt-bearer', 'cold'),
  atLeast(0.88, 'Fastify 5', 'bare'),
  atLeast(1.5, 'Fastify 5', '@fastify/jwt, cache'),
  atLeast(1, 'Fastify 5', '@fastify/jwt, cache', 'cold'),
  atLeast(1, 'Fastify 5', '@fastify/jwt', 'cold'),
  atLeast(0.93, 'Nest 12 on Express', 'empty guard'),
  atLeast(2, 'Nest 12 on Express', 'passport-jwt'),
  atLeast(1, 'Nest 12 on Express', 'passport-jwt', 'cold'),
  atLeast(0.93, 'Nest 12 on Fastify', 'empty guard'),
  atLeast(5, 'Nest 12 on Fastify', 'passport-jwt'),
  atLeast(1, 'Nest 12 on Fastify', 'passport-jwt', 'cold'),
]
