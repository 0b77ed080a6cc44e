import { ConfigurationError } from '@sallyport/core'
import {
  AbortError,
  BlobError,
  ClientClosedError,
  ClientOfflineError,
  CommandTimeoutDuringMaintenanceError,
  DisconnectsClientError,
  MaxCommandRedirectionsError,
  SimpleError,
  SocketClosedUnexpectedlyError,
  SocketTimeoutDuringMaintenanceError,
  SocketTimeoutError,
  TimeoutError,
} from 'redis'
import { describe, expect, it } from 'vitest'
import { RedisFault } from './redis-fault.js'
import { because, describeCommand, needsOperator, toConfigurationError, toFault } from './server-errors.js'

const coded = (code: string): Error => Object.assign(new Error('something'), { code })

describe('a fault', () => {
  it.each([
    new ClientOfflineError(),
    new ClientClosedError(),
    new AbortError(),
    new TimeoutError(),
    new CommandTimeoutDuringMaintenanceError(5),
    new Error('The queue is full'),
  ])('is known to have done nothing where it was not sent: %s', (error) => {
    expect(toFault(error, 'GET')).toMatchObject({ kind: 'offline', isUndone: true, reply: undefined, cause: error })
  })

  it.each([
    new SocketClosedUnexpectedlyError(),
    new SocketTimeoutError(1000),
    new SocketTimeoutDuringMaintenanceError(1000),
    new DisconnectsClientError(),
    coded('ECONNRESET'),
    coded('EPIPE'),
    new Error('something else'),
    'no error at all',
  ])('is not known to have done nothing where the connection ended: %s', (error) => {
    expect(toFault(error, 'GET')).toMatchObject({ kind: 'disconnected', isUndone: false, reply: undefined })
  })

  it.each([
    ['READONLY', "READONLY You can't write against a read only replica."],
    ['CLUSTERDOWN', 'CLUSTERDOWN Hash slot not served'],
    ['LOADING', 'LOADING Redis is loading the dataset in memory'],
    ['MASTERDOWN', "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
    ['BUSY', 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'],
    ['OOM', "OOM command not allowed when used memory > 'maxmemory'."],
    ['NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.'],
    ['NOPERM', "NOPERM User app has no permissions to run the 'xadd' command"],
    ['NOAUTH', 'NOAUTH Authentication required.'],
    ['WRONGPASS', 'WRONGPASS invalid username-password pair or user is disabled.'],
    ['CROSSSLOT', "CROSSSLOT Keys in request don't hash to the same slot"],
    ['WRONGTYPE', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['MOVED', 'MOVED 3999 127.0.0.1:6381'],
    ['ERR', 'ERR max number of clients reached'],
    ['ERR', 'lower case, from a script'],
  ])('is known to have done nothing where the server refused: %s', (reply, message) => {
    for (const error of [new SimpleError(message), new BlobError(message)])
      expect(toFault(error, 'GET')).toMatchObject({ kind: 'refused', isUndone: true, reply, cause: error })
  })

  it('is not known to have done nothing where a script was refused something on its way, or a WAIT was ended', () => {
    const midway = 'OOM command not allowed script: 3dd0c4, on @user_script:2.'
    expect(toFault(new SimpleError(midway), 'EVAL')).toMatchObject({ kind: 'refused', isUndone: false, reply: 'OOM' })
    const ended = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'
    expect(toFault(new SimpleError(ended), 'WAIT')).toMatchObject({ isUndone: false, reply: 'UNBLOCKED' })
  })

  it('is a refusal where a cluster sent a command around too often', () => {
    expect(toFault(new MaxCommandRedirectionsError(), 'GET')).toMatchObject({ reply: 'MOVED', isUndone: true })
  })

  it('stays what it was', () => {
    const fault = new RedisFault('deadline', 'late', { isUndone: false })
    expect(toFault(fault, 'GET')).toBe(fault)
  })
})

describe('a message', () => {
  it('names the command and what it was for, and neither a key nor a value', () => {
    expect(describeCommand(['SET', 'sp1:a:{rp:abc}', 'attempt'], 'sp1:a:{rp:abc}')).toBe('SET of rp')
    expect(describeCommand(['XINFO', 'STREAM', 'sp1:a:{rv}:log'], 'sp1:a:{rv}:log')).toBe('XINFO STREAM of rv')
    expect(describeCommand(['ACL', 'WHOAMI'], '')).toBe('ACL WHOAMI')
    const { message } = toFault(new SimpleError("WRONGPASS of user 'jane'"), describeCommand(['GET', 'k'], 'k'))
    expect(message).toBe('the server refused GET: WRONGPASS')
  })

  it('says why in a word', () => {
    expect(because(coded('ECONNREFUSED'))).toBe(': ECONNREFUSED')
    expect(because(new SocketClosedUnexpectedlyError())).toBe(': SocketClosedUnexpectedlyError')
    expect(because(toFault(new SimpleError('LOADING it'), 'GET'))).toBe(': LOADING')
    expect(because(undefined)).toBe('')
  })
})

describe('what an operator has to mend', () => {
  it.each([
    [new SimpleError('WRONGPASS invalid'), /`password`/],
    [toFault(new SimpleError('NOAUTH Authentication required.'), 'HELLO'), /`username`/],
    [toFault(new SimpleError('NOPERM no'), 'XADD of rv'), /XADD of rv.*ACL/],
    [coded('CERT_HAS_EXPIRED'), /CERT_HAS_EXPIRED/],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), /ERR_TLS_CERT_ALTNAME_INVALID/],
    [coded('SELF_SIGNED_CERT_IN_CHAIN'), /SELF_SIGNED_CERT_IN_CHAIN/],
    [coded('ERR_SSL_WRONG_VERSION_NUMBER'), /does not speak TLS/],
    [new ConfigurationError('mend it'), /mend it/],
  ])('is a mistake of the configuration: %s', (error, words) => {
    expect(toConfigurationError(error)).toBeInstanceOf(ConfigurationError)
    expect(toConfigurationError(error)?.message).toMatch(words)
    expect(needsOperator(error)).toBe(true)
  })

  it.each([
    coded('ECONNREFUSED'),
    coded('ENOTFOUND'),
    new SimpleError('LOADING Redis is loading'),
    new SocketClosedUnexpectedlyError(),
    new RedisFault('deadline', 'late', { isUndone: false }),
  ])('is not what mends by waiting: %s', (error) => {
    expect(toConfigurationError(error)).toBeUndefined()
    expect(needsOperator(error)).toBe(false)
  })
})
