// What a real server answers is in test/redis; here is what the servers of this machine would never say.
import { ConfigurationError } from '@sallyport/core'
import { expect, it } from 'vitest'
import type { Reply } from './redis-port.js'
import { checkServer, type Expectations } from './server-checks.js'

const good: Record<string, Reply> = {
  HELLO: { server: 'redis', version: '7.0.15', mode: 'standalone' },
  'ACL WHOAMI': 'app',
  'INFO memory': '# Memory\r\nmaxmemory_policy:noeviction\r\n',
}

function check(answers: Record<string, Reply>, expectations: Partial<Expectations> = {}): Promise<void> {
  const all = { ...good, ...answers }
  const ask = async (...command: string[]): Promise<Reply> => all[command.join(' ')] ?? expect.unreachable(command[0])
  return checkServer(ask, {
    username: 'app',
    mode: 'standalone',
    replicas: 0,
    isStrict: true,
    warn: () => {},
    ...expectations,
  })
}

it('lets a good server pass', async () => {
  await check({})
})

it.each(['6.2.14', '5.0.0', '2.8.24'])('refuses a server that is too old: %s', async (version) => {
  const hello = { ...(good['HELLO'] as object), version }
  await expect(check({ HELLO: hello })).rejects.toThrow(/version 7\.0/)
})

it.each(['7.0.0', '8.2.1', '10.0.0'])('takes a server that is new enough: %s', async (version) => {
  await check({ HELLO: { ...(good['HELLO'] as object), version } })
})

it.each(['default', 'apps', 'App'])('refuses to be another user than was named: %s', async (user) => {
  await expect(check({ 'ACL WHOAMI': user })).rejects.toThrow(ConfigurationError)
  await expect(check({ 'ACL WHOAMI': user })).rejects.toThrow(/another user/)
})

it('does not ask who we are where nobody was named', async () => {
  await check({ 'ACL WHOAMI': 'default' }, { username: undefined })
})
