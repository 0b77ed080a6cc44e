import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTestAuthority } from '../../../../test/fixtures/certificates.js'
import { LiveCertificates } from './live-certificates.js'

afterEach(() => void vi.useRealTimers())

async function watch(reloadSeconds: number): Promise<LiveCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'live-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, createTestAuthority('mesh').ca)
  vi.useFakeTimers()
  const clock = () => Date.now() / 1000
  return new LiveCertificates({ paths: { ca }, reloadSeconds, clock, publish: () => {}, onRotation: () => {} })
}

describe('the files of a client', () => {
  it('are looked at as often as was said, and by one look at a time', async () => {
    const live = await watch(10)
    const looks = vi.spyOn(live, 'reload')
    vi.advanceTimersByTime(9_999)
    expect(looks).toHaveBeenCalledTimes(0)
    vi.advanceTimersByTime(20_001)
    expect(looks).toHaveBeenCalledTimes(3)
    expect(live.reload()).toBe(live.reload())
    live.close()
  })

  it('are not looked at any more when it is closed', async () => {
    const live = await watch(10)
    live.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are never looked at with 0', async () => {
    await watch(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
