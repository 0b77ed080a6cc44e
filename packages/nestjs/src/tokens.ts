// Under which names the parts are injected.

/** The verifier of the application, to `explain`, `revoke` and `verifyToken` with: `@Inject(VERIFIER) verifier: Verifier`. */
export const VERIFIER: symbol = Symbol.for('sallyport:verifier')

/** The options that `AuthModule` was given. */
export const AUTH_OPTIONS: symbol = Symbol.for('sallyport:options')

/** What `AuthModule` was told beside them. */
export const AUTH_SETTINGS: symbol = Symbol.for('sallyport:settings')

/** Whom the options trust; the test kit puts its own issuer in their place. */
export const AUTH_TRUST: symbol = Symbol.for('sallyport:trust')
