// The API reports, one for each entry of each package's exports map: `etc/<entry>.api.md`, to be read in review. With
// --update they are written; without it, a report that doesn't match what was built is an error.
import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { packages, root } from './run.mjs'

const update = process.argv.includes('--update')

for (const { name, folder, manifest } of packages) {
  mkdirSync(join(folder, 'etc'), { recursive: true })
  const entries = Object.values(manifest.exports).flatMap(({ types }) => types ?? [])
  const configs = entries.map((types) => configFor({ name, folder, types }))
  const additionalEntryPoints = entries.map((types) => join(folder, types))
  const compilerState = CompilerState.create(configs[0], { additionalEntryPoints })
  for (const config of configs) {
    const result = Extractor.invoke(config, { compilerState, localBuild: update, messageCallback })
    if (!result.succeeded) process.exitCode = 1
    console.log(`${manifest.name} ${config.reportFilePath.slice(folder.length + 1)}: ${outcome(result)}`)
  }
}

function configFor({ name, folder, types }) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: { tsconfigFilePath: join(folder, 'tsconfig.build.json') },
      newlineKind: 'lf',
      apiReport: {
        enabled: true,
        reportFileName: basename(types, '.d.ts'),
        reportFolder: join(folder, 'etc'),
        reportTempFolder: join(root, 'temp', name),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        tsdocMessageReporting: { default: { logLevel: 'warning', addToApiReportFile: true } },
        extractorMessageReporting: {
          default: { logLevel: 'warning', addToApiReportFile: true },
          // The exports map is the wall: whatever an entry exports is public, tagged or not.
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-internal-missing-underscore': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'none' },
        },
      },
    },
  })
}

function messageCallback(message) {
  if (message.messageId === 'console-preamble') message.handled = true
}

function outcome({ succeeded, apiReportChanged }) {
  if (apiReportChanged) return update ? 'written' : 'stale; run `npm run api` and review the difference'
  return succeeded ? 'unchanged' : 'failed'
}
