// A CommonJS program in TypeScript: types know since `module: node20` that it may require an ES module.
import core = require('@sallyport/core')
import sallyport = require('@sallyport/express')
import express = require('express')

const app = express()
app.use(sallyport.auth({ issuer: 'https://idp.example.com', audience: 'https://api.example.com' }))
app.get('/orders', sallyport.requires(core.scope('read:orders')), (req, res) => res.send(req.auth.subject))
// @ts-expect-error: who we are is left out
sallyport.auth({ issuer: 'https://idp.example.com' })
