// Starts the application, calls it as a client would, and prints what it answered.
import { NestFactory } from '@nestjs/core'
import type { TestIssuer } from '@sallyport/core/testing'
import { AppModule, ISSUER } from './app.module.js'

async function visit(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const issuer: TestIssuer = app.get(ISSUER)
  const get = async (path: string, headers: Record<string, string> = {}): Promise<readonly [number, unknown]> => {
    const response = await fetch(url + path, { headers })
    const text = await response.text()
    return [response.status, text.startsWith('{') ? (JSON.parse(text).code ?? JSON.parse(text)) : text]
  }
  const ann = { sub: 'ann', tenant: 'acme' }
  const seen = {
    public: await get('/health'),
    unsaid: await get('/menu'),
    missing: await get('/orders/7'),
    good: await get('/orders/7', await issuer.asUser({ ...ann, scope: 'read:orders' })),
    tooFew: await get('/orders/7', await issuer.asUser({ ...ann, scope: 'read:menu' })),
  }
  await app.close()
  await issuer.close()
  console.log(JSON.stringify(seen))
}

void visit()
