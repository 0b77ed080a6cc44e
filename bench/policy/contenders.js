// Who judges the policy. A contender answers how to prepare a request, which is not measured, and how to decide it: exactly
// `true` or `false`.
import { byHand, byHandSplitting, withScopes } from './by-hand.js'
import * as libraries from './libraries.js'
import * as sallyport from './sallyport.js'

export const contenders = {
  'written by hand': () => ({ prepare: withScopes, decide: byHand }),
  'written by hand, splitting `scope` each time': () => ({ prepare: (request) => request, decide: byHandSplitting }),
  'Sallyport, verdict': sallyport.verdict,
  'Sallyport, verdict, among other policies': sallyport.verdictAmongOthers,
  'Sallyport, verdict, `policyFacts` each time': sallyport.verdictAndFacts,
  'Sallyport, verdict, from YAML': sallyport.verdictFromYaml,
  'Sallyport, verdict and remedy': sallyport.verdictAndRemedy,
  'Sallyport, verdict, remedy and explanation': sallyport.verdictAndExplanation,
  'CASL, ability and subject cached': libraries.caslCached,
  'CASL, ability cached, subject made each time': libraries.caslSubjectPerRequest,
  'CASL, ability and subject made each time': libraries.caslPerRequest,
  'casbin, `enforceSync`, one row': libraries.casbin,
  'cedar-wasm, preparsed policy set': libraries.cedar,
  '@bufbuild/cel, planned': libraries.bufbuildCel,
  '@marcbachmann/cel-js, parsed': libraries.marcbachmannCel,
}
