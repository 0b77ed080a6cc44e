// Starts the mesh on the loopback host, plays through what can happen in it, and stops: `node mesh.js`.
import { copyFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { serviceClient } from '@sallyport/client'
import { createTestIssuer } from '@sallyport/core/testing'
import { createPolicyService } from './policy-service.js'
import { createShop } from './shop.js'
import { createStock } from './stock.js'
import { createTrustDomain } from './trust-domain.js'

const domain = await createTrustDomain('mesh.example')
const stranger = await createTrustDomain('mesh.example') // has the name, but not the key
const idp = await createTestIssuer({ audience: 'https://shop.example' })
const [shopFiles, stockFiles, reportsFiles] = await Promise.all(['shop', 'stock', 'reports'].map(domain.issue))
const forgedFiles = await stranger.issue('shop')
await copyFile(join(shopFiles.folder, 'bundle.pem'), join(forgedFiles.folder, 'bundle.pem')) // it believes the true stock

const policyService = createPolicyService()
const policyUrl = await listen(policyService)
const stock = await createStock({ trustDomain: domain.name, self: stockFiles.folder })
const stockUrl = await stock.listen({ host: '127.0.0.1', port: 0 })
const { issuer, audience, jwks } = idp
const shop = createShop({
  users: { issuer, audience, jwks },
  self: shopFiles.folder,
  stockUrl,
  stockId: stockFiles.id,
  policyUrl,
})
const shopServer = createServer(shop.app)
const shopUrl = await listen(shopServer)

const ann = await idp.asUser({ sub: 'ann', scope: 'shop:order' })
const bob = await idp.asUser({ sub: 'bob', scope: 'shop:order' })
const visitor = await idp.asUser({ sub: 'eve' })

console.log('A user at the shop: a token, the policy service, and the certificate of the shop at the stock')
await user('nobody looks at an item', {}, 'GET', '/items/lantern')
await user('ann looks at an item', ann, 'GET', '/items/lantern')
await user('ann orders it', ann, 'POST', '/items/lantern/order')
await user('bob orders it, and the policy service says no', bob, 'POST', '/items/lantern/order')
const before = policyService.asked
await user('eve orders it without the scope', visitor, 'POST', '/items/lantern/order')
console.log(`  the policy service was asked ${policyService.asked - before} times about that`)

console.log('The policy service hangs')
policyService.hang(true)
await user('ann orders it', ann, 'POST', '/items/lantern/order')
await user('ann looks at an item', ann, 'GET', '/items/lantern')
policyService.hang(false)
await user('ann orders it, once it is back', ann, 'POST', '/items/lantern/order')

console.log('A service at the stock: no token, its certificate says who it is')
await service('reports looks at an item', reportsFiles)
await service('reports takes it', reportsFiles, 'POST', '/stock/lantern/take')
await service('somebody with a certificate of its own making', forgedFiles, 'POST', '/stock/lantern/take')

for (const server of [shopServer, policyService]) server.closeAllConnections()
await Promise.all([close(shopServer), close(policyService), shop.close(), stock.close(), idp.close()])
await Promise.all([domain.close(), stranger.close()])

async function user(what, headers, method, path) {
  await tell(what, await fetch(shopUrl + path, { method, headers }))
}

/** Calls the stock as whoever has these files. */
async function service(what, files, method = 'GET', path = '/stock/lantern') {
  const tls = { spiffeFolder: files.folder, serverIds: stockFiles.id }
  const client = serviceClient({ tls, origins: stockUrl })
  await tell(what, await client.fetch(stockUrl + path, { method }))
  await client.close()
}

async function tell(what, response) {
  const body = await response.json()
  console.log(`  ${what}: ${response.status} ${body.code ?? JSON.stringify(body)}`)
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`))
  })
}

function close(server) {
  return new Promise((resolve) => server.close(resolve))
}
