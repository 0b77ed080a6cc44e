// The door for whoever keeps the state of verifiers somewhere else: what a revocation means, word for word as the state in
// memory understands it, and where its events go. A state is an implementation of `State`, to be given as `state`.
export { type Clock, monotonicClock, pause, systemClock } from './clock.js'
export { publishState } from './events.js'
export { fetchSpacings, quietSeconds } from './keys/unknown-key-budget.js'
export { didYouMean, requireKnownOptions, requireSeconds } from './option-checks.js'
export { holdSameKeys, isKeySetDocument } from './state/key-set-documents.js'
export { MemoryAttemptCounters } from './state/memory-attempt-counters.js'
export { MemoryKeySetDocuments } from './state/memory-key-set-documents.js'
export { MemoryVerdictCache } from './state/memory-verdict-cache.js'
export {
  greatestToleranceSeconds,
  issuedAt,
  type JudgedRevocation,
  judgeRevocation,
  type RevocationKind,
  someRevocableName,
} from './state/revocation.js'
