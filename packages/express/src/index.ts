// The door: Express's two words, and the policy words, so that one import line serves a route file.
export { scope } from '@sallyport/core'
export { type AuthHandler, auth, type ClaimsOf, requires } from './express.js'
