// The rules of the house (ARCHITECTURE.md draws it): what may import what, types included.
const core = '^packages/core/src/'
const source = '^packages/([^/]+)/src/'
const tests = '\\.test\\.ts$'
const testKit = `${core}testing(\\.ts$|/)`
const testDoors = `${source}testing\\.ts$`

// Ground first. A file imports its own floor and those below it.
const floors = {
  ground: `${core}(errors|clock)\\.ts$`,
  words: `${core}(decision|events|option-checks|addresses|request/verifiable-request|claims/claim-path|policy/facts|jose/algorithms|state/(?!memory-)[^/]+)\\.ts$`,
  tools: `${core}(jose/(?!algorithms\\.)|state/memory-)`,
  rooms: `${core}(request/(?!verifiable-request\\.)|keys/|claims/(?!claim-path\\.)|binding/|revocation/|policy/(?!facts\\.)|response/)`,
  stairs: `${core}(verifier|options|explain|issuer-record|issuer-keys|open-connections)\\.ts$`,
  doors: `${core}(index|adapter|testing)\\.ts$|${core}testing/`,
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
    from: { path: source, pathNot: [tests, testKit, `${core}(jose|keys)/`] },
    to: { path: ['^(node:)?crypto$', '(^|/)node_modules/jose/', '^jose$'] },
  },
  {
    name: 'redis-has-one-home',
    from: { path: '^packages/(?!redis/)' },
    to: { path: '(^|/)(@?redis|ioredis|@node-redis|iovalkey|@valkey)(/|$)', pathNot: '^packages/' },
  },
  {
    name: 'packages-meet-at-the-door',
    comment: 'an adapter imports what a stranger could: @sallyport/core and @sallyport/core/adapter',
    from: { path: source, pathNot: [tests, testDoors] },
    to: { path: '^packages/', pathNot: ['^packages/$1/', `${core}(index|adapter)\\.ts$`] },
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
    to: { path: '^packages/$1/src/(index|adapter|testing)\\.ts$' },
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
