import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withoutNotices } from '../register/without-notices.ts'
import { checkConfig, type SpanwiseConfig } from './config.ts'
import { findConfig } from './find.ts'

/** A configuration file that cannot be used; the message names it and says why, on one line. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError'
  readonly file: string

  constructor(file: string, reason: string, cause?: unknown) {
    super(`${file}: ${reason}`, { cause })
    this.file = file
  }
}

export interface LoadConfigOptions {
  /** Where it is looked for, and in the folders above up to the nearest package.json. Default: the working directory. */
  readonly cwd?: string
  /** The path of the file; none is looked for then. */
  readonly file?: string
}

export interface LoadedConfig {
  readonly config: SpanwiseConfig
  /** Undefined when there is none: the configuration is empty then. */
  readonly file: string | undefined
}

/**
 * Reads the configuration file that belongs to a folder, or that `SPANWISE_CONFIG` names.
 * @throws {ConfigError} when it cannot be read, or says what makes no sense
 */
export async function loadConfig({ cwd = process.cwd(), file }: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const found = findConfig(cwd, file ?? process.env['SPANWISE_CONFIG'])
  if (found === undefined) return { config: {}, file: undefined }
  return { config: checked(found, await exportOf(found)), file: found }
}

/**
 * The same at once, for a program that is about to start.
 * @throws {ConfigError} also when the file has a top-level await
 */
export function loadConfigSync(file: string): SpanwiseConfig {
  try {
    return checked(file, readExport(file))
  } catch (error) {
    if (codeOf(error) === TOP_LEVEL_AWAIT) throw new ConfigError(file, 'it has a top-level await, for which a program that starts cannot wait', error)
    throw asConfigError(file, error)
  }
}

const TOP_LEVEL_AWAIT = 'ERR_REQUIRE_ASYNC_MODULE'
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null)?.code

async function exportOf(file: string): Promise<unknown> {
  try {
    return readExport(file)
  } catch (error) {
    if (codeOf(error) !== TOP_LEVEL_AWAIT) throw asConfigError(file, error)
  }
  try {
    return ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default
  } catch (error) {
    throw asConfigError(file, error)
  }
}

function asConfigError(file: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ConfigError(file, message.split('\n', 1)[0]!, error)
}

/** Folders that the file names are seen from where it lies. */
function checked(file: string, exported: unknown): SpanwiseConfig {
  try {
    const config = checkConfig(exported)
    const { dir, chromeTraceDir } = config
    return {
      ...config,
      ...(typeof dir === 'string' && { dir: resolve(dirname(file), dir) }),
      ...(typeof chromeTraceDir === 'string' && { chromeTraceDir: resolve(dirname(file), chromeTraceDir) }),
    }
  } catch (error) {
    throw asConfigError(file, error)
  }
}

/** Default export, or `module.exports`. */
function readExport(file: string): unknown {
  const kind = extname(file)
  const text = readFileSync(file, 'utf8')
  if (kind === '.json') return JSON.parse(text)
  const exported = kind === '.ts' ? readTypeScript(file, text) : compiled(file, text, kind === '.mjs' ? 'module' : undefined)
  const { default: value = exported } = (exported ?? {}) as { readonly default?: unknown }
  return value
}

/** What has been kept out of Node's types: the class of CommonJS modules, which compiles both kinds. */
interface CompilingModule {
  filename: string
  paths: readonly string[]
  readonly exports: unknown
  _compile(text: string, filename: string, format?: string): unknown
}
type ModuleClass = (new (id: string) => CompilingModule) & { _nodeModulePaths(folder: string): readonly string[] }
type Require = ((id: string) => unknown) & { readonly extensions: Readonly<Record<string, unknown>> }

/** A module from its text, at once. `require` of a file that is ESM would print a warning on older versions of Node. */
function compiled(file: string, text: string, format?: string): unknown {
  const Module = nodeModule.Module as unknown as ModuleClass
  const module = new Module(file)
  module.filename = file
  module.paths = Module._nodeModulePaths(dirname(file))
  module._compile(text, file, format)
  return module.exports
}

type Strip = (text: string, file: string) => string

/** Node itself where it can, or the loader that the program is run with; else what there is to take the types away. */
function readTypeScript(file: string, text: string): unknown {
  const require = nodeModule.createRequire(file) as unknown as Require
  const { typescript: isNative } = process.features as { readonly typescript?: unknown }
  if ((isNative !== undefined && isNative !== false) || '.ts' in require.extensions) return withoutNotices(() => require(file))
  const { stripTypeScriptTypes } = nodeModule as { readonly stripTypeScriptTypes?: Strip }
  if (stripTypeScriptTypes !== undefined) return compiled(file, withoutNotices(() => stripTypeScriptTypes(text, file)))
  for (const [name, strip] of strippers) {
    const tool = installed(require, name)
    const bare = tool === undefined ? undefined : strip(tool, text)
    if (bare !== undefined) return compiled(file, bare)
  }
  for (const [name, read] of readers) {
    const tool = installed(require, name)
    if (tool !== undefined) return read(tool, file)
  }
  throw new ConfigError(file, 'this version of Node cannot read TypeScript: use Node 22.18 or later, install esbuild or typescript 5, or write it as spanwise.config.mjs')
}

interface Tools {
  readonly createJiti?: (from: string) => (file: string) => unknown
  readonly require?: (file: string, from: string) => unknown
  readonly transformSync?: (text: string, options: object) => { readonly code: string }
  readonly transpileModule?: (text: string, options: object) => { readonly outputText: string }
}

/** Packages that a project may have. They give undefined when they are of a version that cannot do it. */
const strippers: readonly (readonly [name: string, strip: (tool: Tools, text: string) => string | undefined])[] = [
  ['esbuild', ({ transformSync }, text) => transformSync?.(text, { loader: 'ts', target: 'node20' }).code],
  ['typescript', ({ transpileModule }, text) =>
    transpileModule?.(text, { compilerOptions: { module: ESNEXT, target: ESNEXT, verbatimModuleSyntax: true } }).outputText],
]
/** Packages that load a file and what it imports. */
const readers: readonly (readonly [name: string, read: (tool: Tools, file: string) => unknown])[] = [
  ['tsx/cjs/api', (tool, file) => tool.require?.(file, file)],
  ['jiti', ({ createJiti }, file) => createJiti?.(file)(file)],
]
/** TypeScript's own number for it, of modules and targets alike. */
const ESNEXT = 99

function installed(require: Require, name: string): Tools | undefined {
  try {
    return require(name) as Tools
  } catch {
    return undefined
  }
}
