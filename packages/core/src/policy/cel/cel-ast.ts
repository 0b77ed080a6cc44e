// What an expression in CEL is once it is read: values that stand in it, and nodes that know their place in the text.

/** A value that is known at load. An evaluation that has none in CEL is an `error`. */
export type Constant =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int' | 'uint'; readonly value: bigint }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'list'; readonly items: readonly Constant[] }
  | { readonly type: 'null' }
  | { readonly type: 'error' }

export type Relation = '==' | '!=' | '<' | '<=' | '>' | '>='
export type Arithmetic = '+' | '-' | '*' | '/' | '%'

/** A node; `at` is where it begins to be itself: its name, its operator, its bracket. */
export type CelNode = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Constant }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly CelNode[] }
  | { readonly kind: 'select'; readonly of: CelNode; readonly name: string; readonly isOptional: boolean }
  | { readonly kind: 'index'; readonly of: CelNode; readonly key: CelNode; readonly isOptional: boolean }
  /** `name(args)`, or `target.name(args)`. */
  | {
      readonly kind: 'call'
      readonly name: string
      readonly target: CelNode | undefined
      readonly args: readonly CelNode[]
    }
  | { readonly kind: 'not' | 'minus'; readonly of: CelNode }
  | { readonly kind: 'and' | 'or'; readonly of: readonly CelNode[] }
  | { readonly kind: 'relation'; readonly operator: Relation; readonly left: CelNode; readonly right: CelNode }
  | { readonly kind: 'in'; readonly left: CelNode; readonly right: CelNode }
  | { readonly kind: 'arithmetic'; readonly operator: Arithmetic; readonly left: CelNode; readonly right: CelNode }
  | { readonly kind: 'conditional'; readonly condition: CelNode; readonly then: CelNode; readonly otherwise: CelNode }
)

/** A call, narrowed. */
export type CelCall = Extract<CelNode, { kind: 'call' }>
