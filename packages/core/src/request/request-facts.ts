// What a request shows to a policy, read when it is asked for. The way from the client to us is believed only as far as it
// goes through proxies that the options name.
import { type AddressRanges, parseAddress } from '../addresses.js'
import type { BindingMethod, RequestFacts, WorkloadFacts } from '../policy/facts.js'
import { headerValues, type VerifiableRequest } from './verifiable-request.js'

const noParams = Object.freeze({})

/** The facts of a request; most policies ask for none of them. */
export class ObservedRequest implements RequestFacts {
  readonly #request: VerifiableRequest
  readonly #isTrustedProxy: AddressRanges | undefined
  /** How the bearer has proven to be the holder of the token. */
  readonly binding: BindingMethod | undefined
  /** Who has proven to be the caller, of workloads. */
  readonly workload: WorkloadFacts | undefined

  /** @param isTrustedProxy - absent where nobody has said which proxies stand before us */
  constructor(
    request: VerifiableRequest,
    isTrustedProxy: AddressRanges | undefined,
    proven: { readonly binding?: BindingMethod | undefined; readonly workload?: WorkloadFacts | undefined } = {},
  ) {
    this.#request = request
    this.#isTrustedProxy = isTrustedProxy
    this.binding = proven.binding
    this.workload = proven.workload
  }

  get method(): string | undefined {
    return this.#request.method
  }

  get params(): Readonly<Record<string, unknown>> {
    return this.#request.params ?? noParams
  }

  header(name: string): string | undefined {
    const [value, ...more] = headerValues(this.#request, name)
    return more.length === 0 ? value : undefined
  }

  /** The nearest address, seen from here, that is none of a trusted proxy. */
  get clientAddress(): string | undefined {
    const isTrustedProxy = this.#isTrustedProxy
    if (isTrustedProxy === undefined) return undefined
    const { remoteAddress, socket } = this.#request
    let address = parseAddress(remoteAddress ?? socket?.remoteAddress)
    const forwarded = headerValues(this.#request, 'x-forwarded-for').flatMap((value) => value.split(','))
    while (address !== undefined && isTrustedProxy(address)) {
      const next = forwarded.pop()
      if (next === undefined) break // proxies all the way: the first of them is the client
      address = parseAddress(withoutPort(next.trim()))
    }
    return address
  }
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
}
