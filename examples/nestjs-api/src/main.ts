import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

async function bootstrap() {
  const app = await NestFactory.create(AppModule)
  app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true }) // closes the verifier, too
  await app.listen(process.env.PORT ?? 3000, '127.0.0.1')
  console.log(`The API is up: ${await app.getUrl()}`)
}
await bootstrap()
