// What remembers revocations: the table of a state on Redis, exact and behind a filter alone, and the maps of the state in
// memory. What is private to the packages is loaded from what `npm run build` has built.

const load = (path) => import(new URL(`../../packages/${path}`, import.meta.url).href)

export const contenders = {
  'exact table': (maxEntries) => table('exact', maxEntries),
  'filter alone': (maxEntries) => table('filter', maxEntries),
  'maps of strings': maps,
}

async function table(memory, maxEntries) {
  const { RevocationTable } = await load('redis/dist/revocation/revocation-table.js')
  const { RevocationIds } = await load('redis/dist/revocation/token-ids.js')
  const { TokenLookUp } = await load('redis/dist/revocation/token-look-up.js')
  const { KeyRing } = await load('redis/dist/sealing/key-ring.js')
  const ids = new RevocationIds(new KeyRing([Buffer.alloc(32, 7)], 'bench'))
  const revocations = new RevocationTable({ memory, maxEntries })
  const lookUp = new TokenLookUp(revocations, ids)
  return {
    /** What comes from the log: numbers by now. */
    prepare: (revocation) => ids.entryOf(revocation),
    put: (entry) => revocations.put(entry, 0),
    isRevoked: (token) => lookUp.isRevoked(token),
    bytes: () => revocations.bytes,
    size: () => revocations.size,
    /** One part. Answers whether it was the last. */
    forgetPast: (seconds) => revocations.forgetPast(seconds, 1),
    markUnread: () => revocations.markRegionUnread(0),
    isIdRevoked: (high, low) => revocations.isRevoked({ kinds: 1, issuer: 1, names: [0, high, low] }, 0),
  }
}

async function maps(maxEntries) {
  const { MemoryRevocations } = await load('core/dist/state/memory-revocations.js')
  const revocations = new MemoryRevocations(maxEntries, () => 0)
  return {
    prepare: (revocation) => revocation,
    put: (revocation) => revocations.add(revocation),
    isRevoked: (token) => revocations.isRevoked(token),
    size: () => revocations.size,
  }
}
