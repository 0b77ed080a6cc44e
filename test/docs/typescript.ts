// The compiler, asked about examples that are in no file, and about the options that a source file declares.
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './markdown.js'

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root)
const parsed = new Map<string, ts.SourceFile | undefined>()

/** An example, and the file it would be. */
export interface Example {
  readonly fileName: string
  readonly code: string
}

/** What the compiler has to say about examples that share one program, as `file: message`. */
export function compile(examples: readonly Example[]): readonly string[] {
  const texts = new Map(examples.map(({ fileName, code }) => [join(root, fileName), code]))
  const compilerOptions = { ...options, allowJs: true, checkJs: true, noUnusedLocals: false, noUnusedParameters: false }
  const host = ts.createCompilerHost(compilerOptions)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => texts.has(path) || fileExists(path)
  host.readFile = (path) => texts.get(path) ?? readFile(path)
  host.getSourceFile = (path, ...rest) => {
    if (texts.has(path)) return getSourceFile(path, ...rest)
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest))
    return parsed.get(path)
  }
  const program = ts.createProgram([...texts.keys()], compilerOptions, host)
  return [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)
    const problems = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return problems.map(
      ({ messageText }) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    )
  })
}

/** A member of an interface, with the default that its comment names. */
export interface Option {
  readonly name: string
  readonly defaultValue: string | undefined
}

/** The members that an interface of a source file declares itself. */
export function optionsOf(path: string, interfaceName: string): readonly Option[] {
  const file = ts.createSourceFile(path, ts.sys.readFile(join(root, path)) ?? '', ts.ScriptTarget.ES2023, true)
  const declaration = file.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === interfaceName)
  if (declaration === undefined) throw new Error(`${path} declares no interface ${interfaceName}`)
  return declaration.members.map((member) => {
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'defaultValue')
    return { name: member.name?.getText() ?? '', defaultValue: ts.getTextOfJSDocComment(tag?.comment) }
  })
}
