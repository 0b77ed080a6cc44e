import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CertificateFiles } from './certificate-files.js'

async function twoFiles() {
  const folder = await mkdtemp(join(tmpdir(), 'files-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(paths.cert, 'cert 1')
  await writeFile(paths.key, 'key 1')
  return paths
}

const read = (path: string) => readFile(path, 'utf8')

describe('a set of files', () => {
  it('is read when it was touched, and not again before it is touched again', async () => {
    const paths = await twoFiles()
    let readings = 0
    const files = new CertificateFiles(paths, (path) => {
      readings += 1
      return read(path)
    })
    expect((await files.readIfTouched())?.texts).toEqual({ cert: 'cert 1', key: 'key 1' })
    expect([await files.readIfTouched(), readings]).toEqual([undefined, 4])
    await writeFile(paths.key, 'key 2')
    expect((await files.readIfTouched())?.texts).toEqual({ cert: 'cert 1', key: 'key 2' })
    files.forget()
    expect((await files.readIfTouched())?.texts).toEqual({ cert: 'cert 1', key: 'key 2' })
  })

  it('that is written while it is read, is read until two readings agree', async () => {
    const paths = await twoFiles()
    let readings = 0
    const files = new CertificateFiles(paths, async (path) => {
      const text = await read(path)
      readings += 1
      if (readings === 2) await Promise.all([writeFile(paths.cert, 'cert 2'), writeFile(paths.key, 'key 2')])
      return text
    })
    expect((await files.readIfTouched())?.texts).toEqual({ cert: 'cert 2', key: 'key 2' })
    expect(readings).toBe(6)
  })

  it('that does not come to rest is left for the next time', async () => {
    const paths = await twoFiles()
    let readings = 0
    let isBusy = true
    const files = new CertificateFiles(paths, async (path) => {
      readings += 1
      return isBusy ? `${await read(path)} ${readings}` : read(path)
    })
    expect(await files.readIfTouched()).toBeUndefined()
    isBusy = false
    expect((await files.readIfTouched())?.texts).toEqual({ cert: 'cert 1', key: 'key 1' })
  })

  it('that was written after it was looked at, and while it was read, is read the next time', async () => {
    const paths = await twoFiles()
    let readings = 0
    const files = new CertificateFiles(paths, async (path) => {
      const text = await read(path)
      readings += 1
      if (readings === 4) await writeFile(paths.key, 'key 2')
      return text
    })
    expect((await files.readIfTouched())?.texts.key).toBe('key 1')
    expect((await files.readIfTouched())?.texts.key).toBe('key 2')
  })

  it('that is far too large is not read', async () => {
    const paths = await twoFiles()
    await truncate(paths.cert, 1_048_577)
    const files = new CertificateFiles(paths, () => expect.fail('it was read'))
    await expect(files.readIfTouched()).rejects.toThrow(RangeError)
    await truncate(paths.cert, 1_048_576)
    expect((await new CertificateFiles(paths).readIfTouched())?.texts.cert).toHaveLength(1_048_576)
  })
})
