// The methods of a class with those that it inherits, as Nest finds them when it looks for handlers.

/** A class, whatever it is made with. */
export type AnyClass = abstract new (...injected: never) => unknown

/** One method. */
export interface Method {
  readonly name: string | symbol
  /** The function that is called: what the decorators have left in its place. */
  readonly method: object
  /** Where it is declared. */
  readonly prototype: object
}

/** Whether what is injected is made by a class; a factory is none. */
export function isClass(type: unknown): type is AnyClass {
  return typeof type === 'function' && typeof type.prototype === 'object' && type.prototype !== null
}

/** Every method that an instance has. Accessors are none. */
export function methodsOf(type: AnyClass): readonly Method[] {
  const found = new Map<string | symbol, Method>()
  for (
    let prototype = type.prototype as object | null;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const name of Reflect.ownKeys(prototype)) {
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value
      if (name === 'constructor' || typeof method !== 'function' || found.has(name)) continue
      found.set(name, { name, method, prototype })
    }
  }
  return [...found.values()]
}

const methodKey = Symbol.for('sallyport:method')

/** Lets the methods of a class be known again in what instrumentation puts in their place, which copies their metadata. */
export function signMethods(type: AnyClass): void {
  for (const { method } of methodsOf(type)) Reflect.defineMetadata(methodKey, method, method)
}

/** The method that a function stands in for. */
export function signedMethodOf(stand: object): unknown {
  return Reflect.getOwnMetadata(methodKey, stand)
}
