import { basename, isAbsolute, resolve } from 'node:path'
import { importTraces } from '../../adapters/import/index.ts'
import type { Trace } from '../model/span.ts'
import { decodeTrace } from '../trace-file/index.ts'
import { Complaint, type Io } from './command.ts'
import { filesBelow, kindOf, newestFirst } from './files.ts'
import { byHandle, handlesOf, noSuch, type Named } from './handles.ts'
import { MAX_BYTES, readInputStream, readText } from './read.ts'
import { findSessions, isSubagent, sessionFolders, subagentFiles } from './sessions.ts'

export interface Run extends Named {
  readonly trace: Trace
  /** Unique among the runs that were loaded with it. */
  readonly handle: string
  /** Where it was read from, as a message shows it. */
  readonly file: string
}

export interface FileProblem {
  readonly file: string
  /** From 1. */
  readonly line?: number
  readonly message: string
}

/** Runs and what could not be read of them: a damaged file still gives what it holds. */
export interface Loaded {
  readonly runs: readonly Run[]
  readonly problems: readonly FileProblem[]
  /** Files of folders that hold no trace. */
  readonly skipped: readonly string[]
}

export interface LoadOptions {
  /** The newest session of a coding agent besides what is named. */
  readonly lastSession?: boolean
  readonly maxBytes?: number
}

/** One thing to read: a file with what belongs to it. */
interface Origin {
  readonly paths: readonly string[]
  /** Was not named by itself: when it holds no trace, it is none of the user's mistakes. */
  readonly fromFolder?: true
}

const STDIN = '-'

/**
 * The runs that the user named: files, folders, `-` for standard input, handles of recorded runs and of sessions; without any
 * name the newest recorded run.
 * @throws Complaint when a name stands for nothing
 */
export async function load(names: readonly string[], io: Io, { lastSession = false, maxBytes = MAX_BYTES }: LoadOptions = {}): Promise<Loaded> {
  const reading = new Reading(io, maxBytes)
  if (lastSession) await reading.add(await newestSession(io))
  else if (names.length === 0) await reading.add(await newestRun(io))
  const origins: Origin[] = []
  for (const name of names) {
    if (name === STDIN) reading.take(await readInputStream(io, maxBytes), 'standard input')
    else {
      const found = await originsOf(name, io)
      if ('runs' in found) reading.keep(found)
      else for (const origin of found) origins.push(origin)
    }
  }
  let done = 0
  for (const origin of origins) {
    reading.progress(done++, origins.length)
    await reading.add(origin)
  }
  reading.progress(done, origins.length)
  return reading.loaded()
}

/** Where `spanwise run` and the recorder put runs. */
export const runFolder = ({ cwd, env }: Pick<Io, 'cwd' | 'env'>): string => resolve(cwd, folderOf(env['SPANWISE_DIR']?.trim() ?? ''))

/** As the recorder reads it: `1` is the usual folder. */
const folderOf = (dir: string): string => (/^(|0|1|true|false|on|off|yes|no)$/i.test(dir) ? '.spanwise' : dir)

const isTraceName = (name: string): boolean => /\.(jsonl?|ndjson|cpuprofile|log)(\.gz)?$/i.test(name) && !name.startsWith('.')

class Reading {
  readonly #io: Io
  readonly #maxBytes: number
  readonly #runs: Omit<Run, 'handle' | 'label' | 'keys'>[] = []
  readonly #problems: FileProblem[] = []
  readonly #skipped: string[] = []

  constructor(io: Io, maxBytes: number) {
    this.#io = io
    this.#maxBytes = maxBytes
  }

  async add({ paths, fromFolder }: Origin): Promise<void> {
    const [first, ...rest] = paths
    const file = shortPath(first!, this.#io)
    try {
      const texts = [await readText(first!, this.#maxBytes)]
      for (const path of rest) texts.push(await readText(path, this.#maxBytes))
      if (texts.length === 1) this.take(texts[0]!, file, fromFolder)
      else this.#takeTogether(texts.map((text) => (text.endsWith('\n') ? text : `${text}\n`)), paths, file, fromFolder)
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      const message = error.message.replace(`${first}: `, '')
      if (fromFolder === true && message.startsWith('a binary file')) this.#skipped.push(file)
      else this.#problems.push({ file, message })
    }
  }

  take(text: string, file: string, fromFolder?: true): void {
    const { traces, problems, known } = decode(text, file)
    if (!known && fromFolder === true) {
      this.#skipped.push(file)
      return
    }
    for (const trace of traces) this.#runs.push({ trace, file })
    for (const problem of problems) this.#problems.push({ file, ...problem })
    if (traces.length === 0 && problems.length === 0) this.#problems.push({ file, message: 'holds no run' })
  }

  /** Files that make one session; its problems are told with their own file and line. */
  #takeTogether(texts: readonly string[], paths: readonly string[], file: string, fromFolder: true | undefined): void {
    const known = this.#problems.length
    this.take(texts.join(''), file, fromFolder)
    for (const [i, problem] of this.#problems.entries()) {
      if (i < known || problem.line === undefined) continue
      let { line } = problem
      let at = 0
      for (let lines = linesIn(texts[0]!); line > lines && at < texts.length - 1; lines = linesIn(texts[at]!)) {
        line -= lines
        at++
      }
      this.#problems[i] = { ...problem, file: shortPath(paths[at]!, this.#io), line }
    }
  }

  keep({ runs, problems }: Loaded): void {
    for (const { trace, file } of runs) this.#runs.push({ trace, file })
    for (const problem of problems) this.#problems.push(problem)
  }

  progress(done: number, all: number): void {
    const { errorTerminal, err } = this.#io
    if (all < 3 || !errorTerminal.isTerminal) return
    err(done < all ? `\rreading ${done + 1} of ${all} ...` : `\r${' '.repeat(40)}\r`)
  }

  loaded(): Loaded {
    return { runs: withHandles(this.#runs), problems: this.#problems, skipped: this.#skipped }
  }
}

function linesIn(text: string): number {
  let lines = 0
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) lines++
  return lines
}

interface Decoded {
  readonly traces: readonly Trace[]
  readonly problems: readonly Omit<FileProblem, 'file'>[]
  /** Whether any reader recognised it. */
  readonly known: boolean
}

function decode(text: string, name: string): Decoded {
  if (text.trim() === '') return { traces: [], problems: [{ message: 'is empty' }], known: false }
  if (isRunFile(text)) return { ...decodeTrace(text), known: true }
  const source = { name: basename(name), text }
  const { traces, problems, format } = importTraces(source)
  return { traces, problems: problems.map((problem) => withoutName(problem, source.name)), known: format !== undefined }
}

/** The file's name stands in front of every problem already. */
const withoutName = <T extends { readonly message: string }>(problem: T, name: string): T =>
  problem.message.startsWith(`${name} `) ? { ...problem, message: problem.message.slice(name.length + 1) } : problem

function withHandles(runs: readonly Pick<Run, 'trace' | 'file'>[]): Run[] {
  const handles = handlesOf(runs.map(({ trace }) => trace.id))
  return runs.map(({ trace, file }) => {
    const handle = handles.get(trace.id)!
    return { trace, file, handle, keys: [trace.id], label: `${handle}  ${trace.name}` }
  })
}

/** Paths first: a file called like a handle can be read; a handle never hides a file. */
async function originsOf(name: string, io: Io): Promise<readonly Origin[] | Loaded> {
  const path = isAbsolute(name) ? name : resolve(io.cwd, name)
  const kind = await kindOf(path)
  if (kind === 'folder') return await folderOrigins(path, name)
  if (kind === 'file') return [await sessionOrigin(path)]
  const { runs, problems } = await recordedRuns(io, name)
  const sessions = await findSessions(io)
  const found = byHandle<Named>(name, [...runs, ...sessions], 'runs and sessions')
  if (found === undefined) throw unknownName(name, [...runs, ...sessions])
  const run = runs.find((one) => one === found)
  if (run !== undefined) return { runs: [run], problems: problems.filter(({ file }) => file === run.file), skipped: [] }
  return [await sessionOrigin(sessions.find((one) => one === found)!.path)]
}

function unknownName(name: string, known: readonly Named[]): Complaint {
  const where = 'spanwise list and spanwise sessions show what there is'
  if (/[\\/]|\.\w+$/.test(name)) return new Complaint(`${name}: no such file or folder`, where)
  return noSuch(name, known, `${name}: no file, folder, run or session has this name`, where)
}

async function folderOrigins(path: string, name: string): Promise<Origin[]> {
  const files = await filesBelow(path, isTraceName)
  if (files.length === 0) throw new Complaint(`${name}: the folder holds no file that could be a trace (.jsonl, .json, .ndjson, .cpuprofile, also .gz)`)
  const origins: Origin[] = []
  for (const file of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (isSubagent(file.path)) continue
    origins.push({ ...(await sessionOrigin(file.path)), fromFolder: true })
  }
  return origins
}

const sessionOrigin = async (path: string): Promise<Origin> => ({ paths: [path, ...(await subagentFiles(path))] })

/** The recorded runs of this folder, newest first; with a handle only the files that can hold it. */
export async function recordedRuns(io: Io, handle?: string, folder: string = runFolder(io), limit: number = Infinity): Promise<Loaded> {
  const all = newestFirst(await filesBelow(folder, isTraceName))
  const named = handle === undefined ? [] : all.filter(({ path }) => basename(path).toLowerCase().split('_').some((part) => part.startsWith(handle.toLowerCase())))
  const reading = new Reading(io, MAX_BYTES)
  const files = (named.length > 0 ? named : all).slice(0, limit)
  for (const [i, { path }] of files.entries()) {
    reading.progress(i, files.length)
    await reading.add({ paths: [path], fromFolder: true })
  }
  reading.progress(files.length, files.length)
  return reading.loaded()
}

async function newestRun(io: Io): Promise<Origin> {
  const [newest] = newestFirst(await filesBelow(runFolder(io), isTraceName))
  if (newest !== undefined) return { paths: [newest.path] }
  throw new Complaint(`nothing is recorded in ${shortPath(runFolder(io), io)} yet`,
    'spanwise run -- node agent.js records a program; a file, a folder or - for standard input can be named as well',
    '--last takes the newest session of a coding agent')
}

async function newestSession(io: Io): Promise<Origin> {
  const [newest] = await findSessions(io)
  if (newest === undefined) throw new Complaint('no session of a coding agent was found', `looked in ${sessionFolders(io).join(', ')}`)
  return await sessionOrigin(newest.path)
}

/** Relative to where the user is, or to home, when it is below. */
export function shortPath(path: string, { cwd, home }: Pick<Io, 'cwd' | 'home'>): string {
  if (cwd !== '' && path.startsWith(`${cwd}/`)) return path.slice(cwd.length + 1)
  return home !== '' && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}

/** Our own files say so in their first line; when that one is damaged, the checksums of the others show it. */
function isRunFile(text: string): boolean {
  const head = text.slice(0, 65_536)
  return head.startsWith('{"format":"spanwise"', head.startsWith('\uFEFF') ? 1 : 0) || /^\{.*,"sum":"[0-9a-f]{8}"\}\r?$/m.test(head)
}

/** Tells of what could not be read, a few lines per file. @returns whether there was anything */
export function tellProblems({ problems, skipped }: Loaded, io: Io): boolean {
  const perFile = new Map<string, number>()
  for (const { file, line, message } of problems) {
    const told = (perFile.get(file) ?? 0) + 1
    perFile.set(file, told)
    if (told <= MAX_TOLD) io.err(`spanwise: ${file}${line === undefined ? '' : `:${line}`}: ${message}\n`)
  }
  for (const [file, told] of perFile) if (told > MAX_TOLD) io.err(`spanwise: ${file}: and ${told - MAX_TOLD} problems more\n`)
  if (skipped.length > 0) {
    const names = skipped.slice(0, 3).join(', ')
    io.err(`spanwise: skipped ${skipped.length === 1 ? 'a file' : `${skipped.length} files`} without traces: ${names}${skipped.length > 3 ? ', ...' : ''}\n`)
  }
  return problems.length > 0
}

const MAX_TOLD = 5
