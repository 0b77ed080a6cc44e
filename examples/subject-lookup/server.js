// Starts it. SALLYPORT_ISSUER and SALLYPORT_AUDIENCE say who is trusted and who we are.
import { createApp } from './app.js'
import { openUsers } from './users.js'

const { SALLYPORT_ISSUER: issuer, SALLYPORT_AUDIENCE: audience, PORT = '3000' } = process.env

const db = await openUsers()
const { app, verifier } = createApp(db, { issuer, audience })
const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`The API is up: http://127.0.0.1:${server.address().port}`)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => Promise.all([verifier.close(), db.close()])))
}
