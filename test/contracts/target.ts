// What a framework has to bring to be held to the contract.
import type { Policy, Verifier, VerifierOptions } from '@sallyport/core'
import type { ServedApp } from '../fixtures/served-app.js'

/** One route of the app that the contract asks for. Every handler answers {@link answerOf} as text. */
export interface ContractRoute {
  readonly path: string
  /** A policy; `'public'`; `'optional'`; or absent for any valid token. */
  readonly auth?: Policy | 'public' | 'optional'
}

/** The app, and the verifier that guards it where the adapter hands it out. */
export interface GuardedApp extends ServedApp {
  readonly verifier?: Pick<Verifier<unknown>, 'explain'>
}

/** A framework with its adapter in front. */
export interface AdapterTarget {
  readonly name: string
  /** Serves an app with these routes, all for GET, behind a verifier with these options. Closing the app closes the verifier. */
  serve(options: VerifierOptions, routes: readonly ContractRoute[]): Promise<GuardedApp>
  /** Whether the framework joins header lines of one name before the adapter sees them, as the Web's `Headers` do. */
  readonly joinsLines?: boolean
}

/** What a handler answers: who passed. */
export function answerOf(auth: { readonly subject: string | undefined } | undefined): string {
  return `in as ${auth === undefined ? 'nobody' : auth.subject}`
}
