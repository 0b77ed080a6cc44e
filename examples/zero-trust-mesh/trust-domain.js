// A trust domain on this machine, in place of SPIRE: it has an authority, and hands each workload a folder with its certificate, its key
// and the bundle, as spiffe-helper does. Nothing of it outlives the process.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { KeyUsageFlags: usage } = x509

/** Makes a trust domain. */
export async function createTrustDomain(name) {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-'))
  const keys = await newKeys()
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...lifetime(60),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
    ],
  })

  /** Writes the three files of a workload; each in one step, for whoever reads them meanwhile. */
  async function issue(workload) {
    const own = await newKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${workload}`,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      ...lifetime(10),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(usage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${name}/${workload}` }]),
      ],
    })
    const files = join(folder, workload)
    await mkdir(files, { recursive: true })
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', own.privateKey)
    await write(join(files, 'svid_key.pem'), x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'))
    await write(join(files, 'svid.pem'), certificate.toString('pem'))
    await write(join(files, 'bundle.pem'), authority.toString('pem'))
    return { id: `spiffe://${name}/${workload}`, folder: files }
  }

  return { name, issue, close: () => rm(folder, { recursive: true }) }
}

function newKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function lifetime(minutes) {
  const now = Date.now()
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + minutes * 60_000) }
}

async function write(path, pem) {
  await writeFile(`${path}.new`, `${pem}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
