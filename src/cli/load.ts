import { basename, isAbsolute, resolve } from 'node:path'
import { importAll, importTraces } from '../../adapters/import/index.ts'
import type { Trace } from '../model/span.ts'
import { decodeTrace, safeTrace } from '../trace-file/index.ts'
import { fileBytes, stdinBytes, type ByteSource } from './bytes.ts'
import { Complaint, NeedsRoom, type Io } from './command.ts'
import { bytesOf, filesBelow, kindOf, newestFirst } from './files.ts'
import { byHandle, handlesOf, noSuch, type Named } from './handles.ts'
import { LIMITS, type Limits } from './limits.ts'
import { Progress } from './reading-progress.ts'
import { HEAD_BYTES, isRunFile, readContent, reasonOf, type Content } from './read.ts'
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
  /** Something to know that is no failure. */
  readonly severity?: 'note'
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
  readonly limits?: Limits
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
export async function load(names: readonly string[], io: Io, { lastSession = false, limits = LIMITS }: LoadOptions = {}): Promise<Loaded> {
  const reading = new Reading(io, limits)
  const origins: Origin[] = []
  if (lastSession) origins.push(await newestSession(io))
  else if (names.length === 0) origins.push(await newestRun(io))
  for (const name of names) {
    if (name === STDIN) await reading.stdin()
    else {
      const found = await originsOf(name, io)
      if ('runs' in found) reading.keep(found)
      else for (const origin of found) origins.push(origin)
    }
  }
  return await reading.all(origins)
}

/** Where `spanwise run` and the recorder put runs. */
export const runFolder = ({ cwd, env, config }: Pick<Io, 'cwd' | 'env' | 'config'>): string => {
  const named = env['SPANWISE_DIR']?.trim() ?? ''
  return resolve(cwd, named === '' && typeof config?.dir === 'string' ? config.dir : folderOf(named))
}

/** As the recorder reads it: `1` is the usual folder. */
const folderOf = (dir: string): string => (/^(|0|1|true|false|on|off|yes|no)$/i.test(dir) ? '.spanwise' : dir)

const isTraceName = (name: string): boolean => /\.(jsonl?|ndjson|cpuprofile|log)(\.gz)?$/i.test(name) && !name.startsWith('.')

const STDIN_NAME = 'standard input'

class Reading {
  readonly #io: Io
  readonly #limits: Limits
  readonly #progress: Progress
  readonly #runs: Omit<Run, 'handle' | 'label' | 'keys'>[] = []
  readonly #problems: FileProblem[] = []
  readonly #skipped: string[] = []

  constructor(io: Io, limits: Limits) {
    this.#io = io
    this.#limits = limits
    this.#progress = new Progress(io)
  }

  async all(origins: readonly Origin[]): Promise<Loaded> {
    if (this.#io.withRoom !== undefined && (await bytesOf(origins.flatMap(({ paths }) => paths))) > this.#limits.crampedBytes) throw new NeedsRoom()
    try {
      for (const [at, origin] of origins.entries()) await this.#add(origin, at, origins.length)
    } finally {
      this.#progress.clear()
    }
    return { runs: withHandles(this.#runs), problems: this.#problems, skipped: this.#skipped }
  }

  async stdin(): Promise<void> {
    this.#progress.file(STDIN_NAME, 0, 1)
    try {
      this.#take(await this.#content(STDIN_NAME, stdinBytes(this.#io)), STDIN_NAME)
    } catch (error) {
      this.#failed(error, STDIN_NAME, STDIN_NAME)
    } finally {
      this.#progress.clear()
    }
  }

  async #add({ paths, fromFolder }: Origin, at: number, all: number): Promise<void> {
    const file = shortPath(paths[0]!, this.#io)
    const contents: Content[] = []
    let reading = paths[0]!
    try {
      for (reading of paths) {
        const source = await fileBytes(reading)
        this.#progress.file(shortPath(reading, this.#io), at, all, source.size)
        contents.push(await this.#content(reading, source))
      }
    } catch (error) {
      this.#failed(error, reading, shortPath(reading, this.#io), fromFolder)
      // A session is told without a part of it that cannot be read.
      if (contents.length === 0) return
    }
    if (contents.length === 1 || contents[0]!.decoded !== undefined) this.#take(contents[0]!, file, fromFolder)
    else this.#takeTogether(contents, paths, file, fromFolder)
  }

  #content(name: string, source: ByteSource): Promise<Content> {
    return readContent(name, source, { limits: this.#limits, seen: (bytes) => this.#progress.bytes(bytes) })
  }

  #failed(error: unknown, name: string, file: string, fromFolder?: true): void {
    const message = reasonOf(error).replace(`${name}: `, '')
    if (fromFolder === true && message.startsWith('a binary file')) this.#skipped.push(file)
    else this.#problems.push({ file, message })
  }

  #take(content: Content, file: string, fromFolder?: true): void {
    const { traces, problems, known } = decode(content, file)
    if (!known && fromFolder === true) {
      this.#skipped.push(file)
      return
    }
    for (const trace of traces) this.#runs.push({ trace, file })
    for (const problem of problems) this.#problems.push({ file, ...problem })
    if (content.stopped !== undefined) this.#problems.push({ file, message: content.stopped })
    else if (traces.length === 0 && problems.length === 0) this.#problems.push({ file, message: 'holds no run' })
  }

  /** Files that make one session; its problems are told with their own file and line. */
  #takeTogether(contents: readonly Content[], paths: readonly string[], file: string, fromFolder: true | undefined): void {
    const names = contents.map((_content, i) => shortPath(paths[i]!, this.#io))
    // A subagent that has not said anything yet is nothing.
    const sources = contents.map(({ text = '' }, i) => ({ name: names[i]!, text })).filter(({ text }, i) => i === 0 || text.trim() !== '')
    const { traces, problems, format } = importAll(sources)
    if (format === undefined && fromFolder === true) {
      this.#skipped.push(file)
      return
    }
    // A run file was redacted when it was written; what others wrote holds what it holds.
    for (const trace of traces) this.#runs.push({ trace: safeTrace(trace), file })
    for (const { source = file, ...problem } of problems) this.#problems.push({ file: source, ...withoutName(problem, source) })
    const stopped = contents.flatMap((content, i) => (content.stopped === undefined ? [] : [{ file: names[i]!, message: content.stopped }]))
    for (const problem of stopped) this.#problems.push(problem)
    if (traces.length + problems.length + stopped.length === 0) this.#problems.push({ file, message: 'holds no run' })
  }

  keep({ runs, problems }: Loaded): void {
    for (const { trace, file } of runs) this.#runs.push({ trace, file })
    for (const problem of problems) this.#problems.push(problem)
  }
}

interface Decoded {
  readonly traces: readonly Trace[]
  readonly problems: readonly Omit<FileProblem, 'file'>[]
  /** Whether any reader recognised it. */
  readonly known: boolean
}

function decode({ decoded, text = '', stopped }: Content, name: string): Decoded {
  if (decoded !== undefined) return { ...decoded, known: true }
  if (text.trim() === '') return { traces: [], problems: stopped === undefined ? [{ message: 'is empty' }] : [], known: false }
  // Only UTF-16 comes as a text.
  if (isRunFile(text.slice(0, HEAD_BYTES))) return { ...decodeTrace(text), known: true }
  const source = { name: basename(name), text }
  const { traces, problems, format } = importTraces(source)
  return { traces: traces.map(safeTrace), problems: problems.map((problem) => withoutName(problem, source.name)), known: format !== undefined }
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
  const files = (named.length > 0 ? named : all).slice(0, limit)
  return await new Reading(io, LIMITS).all(files.map(({ path }) => ({ paths: [path], fromFolder: true })))
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

/** Tells of what could not be read, a few lines per file, and of what there is to know. @returns whether there was more than that */
export function tellProblems({ problems, skipped }: Loaded, io: Io): boolean {
  const perFile = new Map<string, number>()
  for (const { file, line, message, severity } of problems) {
    const told = (perFile.get(file) ?? 0) + 1
    perFile.set(file, told)
    if (told <= MAX_TOLD) io.err(`spanwise: ${file}${line === undefined ? '' : `:${line}`}: ${severity === undefined ? '' : `${severity}: `}${message}\n`)
  }
  for (const [file, told] of perFile) if (told > MAX_TOLD) io.err(`spanwise: ${file}: and ${told - MAX_TOLD} problems more\n`)
  if (skipped.length > 0) {
    const names = skipped.slice(0, 3).join(', ')
    io.err(`spanwise: skipped ${skipped.length === 1 ? 'a file' : `${skipped.length} files`} without traces: ${names}${skipped.length > 3 ? ', ...' : ''}\n`)
  }
  return problems.some(({ severity }) => severity !== 'note')
}

const MAX_TOLD = 5
