import { writeSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SpanwiseConfig } from '../config/config.ts'
import { findConfig } from '../config/find.ts'
import type { Setup } from '../record/setup.ts'
import { clientRows, type ClientName, type ClientRow } from './clients.ts'
import { install } from './install.ts'
import { SEEN } from './tail.ts'
import { withoutNotices } from './without-notices.ts'

/**
 * `spanwise/register`: records a program that does not know of it. At a start it only looks for a configuration file and sees to it that
 * modules can be told; what records is loaded with the first client. Whatever goes wrong here, the program runs.
 */
const dist = new URL('../', import.meta.url)
const require = nodeModule.createRequire(import.meta.url)
type Own = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
const own = (file: string): Own => withoutNotices(() => require(fileURLToPath(new URL(file, dist))) as Own)

// Of src/record, which is not to be loaded for a name.
const SETUP = Symbol.for('spanwise.setup.v1')
const PROFILER = Symbol.for('spanwise.profiler.v1')
const SEEN_KEY = Symbol.for(SEEN)

interface Globals {
  [SETUP]?: Setup
  [PROFILER]?: { takeSetup?(): void }
  [SEEN_KEY]?: (name: ClientName, Class: unknown) => unknown
}
const globals = globalThis as Globals

export function start(): void {
  if (globals[SEEN_KEY] !== undefined || isOff(process.env['SPANWISE']) || isPackageManager(process.argv[1]) || isLoaderThread()) return
  // A configuration file that loads a client itself comes too early to be recorded.
  globals[SEEN_KEY] = (_name, Class) => Class
  try {
    const startedMs = performance.now()
    const { wrap, log, http, prices, thresholds: _thresholds, windows: _windows, tokens: _tokens, ...options } = readConfig()
    globals[SETUP] = { options, http, defaults: { dir: resolve('.spanwise'), maxTraces: MAX_TRACES }, program: { name: programName(), startedMs } }
    globals[PROFILER]?.takeSetup?.()
    if (log !== undefined && log !== false) own('src/index.js')['logRuns']!(log === true ? tell : log, { prices })
    const watched = new WeakSet<object>()
    const seen = (row: ClientRow, Class: unknown): unknown => (wrap?.includes(row.name) ?? true ? watch(row, Class, watched) : Class)
    globals[SEEN_KEY] = (name, Class) => seen(clientRows.find((row) => row.name === name)!, Class)
    install(seen, new URL('src/register/hooks.js', dist))
  } catch (error) {
    tell(`spanwise: this program is not recorded: ${messageOf(error)}`)
  }
}

/** A program that knows nothing of its runs reads none of them in memory; they are in files. */
const MAX_TRACES = 8

const isOff = (value: string | undefined): boolean => /^(0|false|off|no)$/i.test(value?.trim() ?? '')
/** They start programs, which are recorded, and are none. */
const isPackageManager = (main: string | undefined): boolean => /^(npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(-cli)?(\.[cm]?js)?$/.test(basename(main ?? ''))

/** To load what knows of threads takes longer than all else at a start; in the main thread there is no need. */
const isThread = (): boolean => (process.abort as { readonly disabled?: boolean }).disabled === true
const threads = (): typeof import('node:worker_threads') => process.getBuiltinModule('node:worker_threads')

/** Where Node loads modules for a program: what is to be loaded before the program is loaded there too. */
const isLoaderThread = (): boolean => isThread() && threads().parentPort === null

function programName(): string {
  const name = basename(process.argv[1] ?? '') || 'node'
  return isThread() ? `${name} (thread ${threads().threadId})` : name
}

/** A configuration that cannot be used is told of and left out: it is no reason for the program not to run. */
function readConfig(): SpanwiseConfig {
  const file = findConfig(process.cwd(), process.env['SPANWISE_CONFIG'])
  if (file === undefined) return {}
  try {
    return own('src/config/load.js')['loadConfigSync']!(file) as SpanwiseConfig
  } catch (error) {
    tell(`spanwise: the configuration is left out: ${messageOf(error)}`)
    return {}
  }
}

/** @returns what takes the place of the class */
function watch({ adapter, watch: name, isReplaced }: ClientRow, Class: unknown, watched: WeakSet<object>): unknown {
  if (typeof Class !== 'function' || watched.has(Class)) return Class
  watched.add(Class)
  try {
    const result = own(adapter)[name]!(Class)
    if (isReplaced !== true) return Class
    watched.add(result as object)
    return result
  } catch (error) {
    // The program itself may be about to load the same file, which then cannot be had at once.
    if (isReplaced !== true) void later(adapter, name, Class)
    else tell(`spanwise: ${Class.name} is not recorded: ${messageOf(error)}`)
    return Class
  }
}

async function later(adapter: string, name: string, Class: unknown): Promise<void> {
  try {
    const module = (await import(new URL(adapter, dist).href)) as Own
    module[name]!(Class)
  } catch (error) {
    tell(`spanwise: ${(Class as { readonly name: string }).name} is not recorded: ${messageOf(error)}`)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!

/** On standard error, at once: what the program prints is its own. */
function tell(line: string): void {
  try {
    writeSync(2, `${line}\n`)
  } catch {
    // Nobody listens.
  }
}
