// The rules of the house (ARCHITECTURE.md draws it): what may import what, types included.
const core = '^packages/core/src/'
const redis = '^packages/redis/src/'
const client = '^packages/client/src/'
const source = '^packages/([^/]+)/src/'
const tests = '\\.test\\.ts$'
const testKit = `${core}testing(\\.ts$|/)`
const testDoors = `${source}testing\\.ts$`

// Ground first. A file imports its own floor and those below it.
const floors = {
  ground: `${core}(errors|clock)\\.ts$`,
  words: `${core}(decision|events|option-checks|addresses|request/verifiable-request|claims/claim-path|policy/facts|jose/algorithms|state/(?!memory-)[^/]+)\\.ts$`,
  tools: `${core}(guarded-calls\\.ts$|jose/(?!algorithms\\.)|state/memory-)`,
  rooms: `${core}(request/(?!verifiable-request\\.)|attempts/|keys/|claims/(?!claim-path\\.)|binding/|revocation/|introspection/|receivers/|policy/(?!facts\\.)|response/)`,
  stairs: `${core}(verifier|staircase|holders|resource-metadata|options|environment|explain|explain-failure|explained-checks|issuer-record|issuer-keys|introspection-options|opaque-tokens|trust-domains|workloads|trusted-issuers|verifier-options|deciding-service|policy-questions|policy-step|explain-policy|operator-text|policy-service-options|policy-services|http-decisions|authzen-endpoint|status-lists|open-connections|receiver|back-channel-logout|security-events|transmitters|token-senders)\\.ts$`,
  doors: `${core}(index|adapter|state|testing)\\.ts$|${core}testing/`,
}

const upward = Object.entries(floors).map(([name, path], index, all) => ({
  name: `${name}-import-no-higher-floor`,
  from: { path, pathNot: tests },
  to: { path: all.slice(index + 1).map(([, higher]) => higher) },
}))

const rules = [
  { name: 'no-circles', from: {}, to: { circular: true } },
  { name: 'no-unresolvable', from: {}, to: { couldNotResolve: true } },

  // The doors are the highest floor: nothing is above them to be forbidden.
  ...upward.slice(0, -1),
  {
    name: 'every-file-has-a-floor',
    from: {},
    to: { path: core, pathNot: [...Object.values(floors), tests] },
  },
  {
    name: 'rooms-import-no-other-room',
    comment: 'what two rooms need moves down a floor',
    from: { path: floors.rooms, pathNot: tests },
    to: { path: floors.rooms, pathNot: `${core}$1` },
  },
  {
    name: 'cryptography-has-two-homes',
    from: {
      path: source,
      pathNot: [tests, testKit, `${core}(jose|keys)/`, `${redis}sealing/`, `${client}credentials/`],
    },
    to: { path: ['^(node:)?crypto$', '(^|/)node_modules/jose/', '^jose$'] },
  },
  {
    name: 'redis-has-one-home',
    from: { path: '^packages/(?!redis/)' },
    to: { path: '(^|/)(@?redis|ioredis|@node-redis|iovalkey|@valkey)(/|$)', pathNot: '^packages/' },
  },
  {
    name: 'calls-to-others-have-one-home',
    comment: 'what calls other services, and gets tokens for it, is packages/client',
    from: { path: '^packages/(?!client/)' },
    to: { path: ['(^|/)node_modules/(undici|oauth4webapi|openid-client)/', '^(undici|oauth4webapi|openid-client)$'] },
  },
  {
    name: 'a-client-takes-only-the-errors-of-the-core',
    comment: 'it verifies nothing, so it imports the front door, where ConfigurationError is, and no other',
    from: { path: client, pathNot: tests },
    to: { path: '^packages/', pathNot: [client, `${core}index\\.ts$`] },
  },
  {
    name: 'packages-meet-at-the-door',
    comment: 'an adapter imports what a stranger could: @sallyport/core and @sallyport/core/adapter',
    from: { path: source, pathNot: [tests, testDoors, redis] },
    to: { path: '^packages/', pathNot: ['^packages/$1/', `${core}(index|adapter)\\.ts$`] },
  },
  {
    name: 'a-state-meets-the-core-at-the-door',
    comment: 'what keeps state imports what a stranger could: @sallyport/core and @sallyport/core/state',
    from: { path: redis, pathNot: tests },
    to: { path: '^packages/', pathNot: [redis, `${core}(index|state)\\.ts$`] },
  },
  {
    name: 'only-ports-know-the-client',
    comment: 'everything else asks a RedisPort',
    from: { path: redis, pathNot: [tests, `${redis}(port/|options\\.ts$|connection-options\\.ts$)`] },
    to: { path: '(^|/)node_modules/(redis|@redis)/' },
  },
  {
    name: 'ports-and-seals-know-nothing-above',
    from: { path: `${redis}(port|sealing)/`, pathNot: tests },
    to: { path: redis, pathNot: `${redis}(port/|sealing/|options\\.ts$|connection-options\\.ts$)` },
  },
  {
    name: 'test-doors-meet-at-the-doors',
    comment: 'an adapter for tests may hand out the test kit as well',
    from: { path: testDoors },
    to: { path: '^packages/', pathNot: ['^packages/$1/', `${core}(index|adapter|testing)\\.ts$`] },
  },
  {
    name: 'nobody-inside-uses-the-door',
    from: { path: source, pathNot: tests },
    to: { path: '^packages/$1/src/(index|adapter|state|testing)\\.ts$' },
  },
  {
    name: 'no-test-inside-uses-the-door',
    comment: 'tests beside the source may use testing.ts; what needs another door goes to test/',
    from: { path: `${source}.+${tests}` },
    to: { path: '^packages/$1/src/(index|adapter)\\.ts$' },
  },
  {
    name: 'the-test-kit-stays-out',
    from: { path: source, pathNot: [tests, testKit, testDoors] },
    to: { path: testKit },
  },
]

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    // Projects of their own, with what they need of their own.
    exclude: { path: '^examples/nestjs-api(-cjs)?/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
}
