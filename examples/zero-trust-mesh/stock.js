// The service at the back: it knows its callers by their certificates alone. There is no token, and no network that is trusted.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sallyport, { allOf, boundBy, spiffe } from '@sallyport/fastify'
import fastify from 'fastify'

/** Builds the service. @param self - the folder of its own certificate */
export async function createStock({ trustDomain, self }) {
  const [cert, key] = await Promise.all(['svid.pem', 'svid_key.pem'].map((name) => readFile(join(self, name))))
  // Whoever connects may show any certificate, or none: who it is, is for the routes to say, and for nobody else.
  const app = fastify({ https: { cert, key, requestCert: true, rejectUnauthorized: false } })
  await app.register(sallyport, {
    clientCertificate: 'tls',
    spiffe: { trustDomains: [{ trustDomain, bundleFile: join(self, 'bundle.pem') }], withoutToken: true },
  })

  const anybody = allOf(spiffe(`spiffe://${trustDomain}/**`), boundBy('mtls'))
  app.get('/stock/:item', { config: { auth: anybody } }, async ({ params }) => ({ item: params.item, left: 7 }))
  const shop = spiffe(`spiffe://${trustDomain}/shop`)
  app.post('/stock/:item/take', { config: { auth: shop } }, async ({ auth, params }) => ({
    taken: params.item,
    by: auth.workload,
  }))
  return app
}
