// `npm run demo`: what the quickstart answers to tokens good and bad; with --redis, what several of it know of each other.
await import(process.argv.includes('--redis') ? './demo-redis.js' : './demo-answers.js')
