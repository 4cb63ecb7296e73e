import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Env, Io } from './command.ts'
import { filesBelow, newestFirst, type Found } from './files.ts'
import { handlesOf, type Named } from './handles.ts'

/** A session that a coding agent wrote to this machine. */
export interface Session extends Named, Found {
  readonly handle: string
  readonly agent: string
  /** Its id in the agent's own words. */
  readonly id: string
  readonly project: string
}

interface Agent {
  readonly name: string
  readonly title: string
  /** The agents' own variables move their folders. */
  readonly root: (home: string, env: Env) => string
  readonly isSession: (path: string) => boolean
  readonly id: (file: string) => string
  /** The part of the id that tells sessions apart. */
  readonly key: (id: string) => string
}

const lastPart = (id: string): string => id.slice(id.lastIndexOf('-') + 1)
const stem = (path: string): string => basename(path).replace(/\.jsonl?$/, '')

const agents: readonly Agent[] = [
  {
    name: 'claude-code', title: 'Claude Code',
    root: (home, env) => join(env['CLAUDE_CONFIG_DIR'] || join(home, '.claude'), 'projects'),
    isSession: (path) => path.endsWith('.jsonl') && !isSubagent(path),
    id: stem,
    key: (id) => id,
  },
  {
    name: 'codex', title: 'Codex',
    root: (home, env) => join(env['CODEX_HOME'] || join(home, '.codex'), 'sessions'),
    // The first versions wrote one object.
    isSession: (path) => /^rollout-.*\.jsonl?$/.test(basename(path)),
    id: (path) => /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(stem(path))?.[0] ?? stem(path),
    // The ids begin with the time, so sessions of one hour begin alike.
    key: lastPart,
  },
  {
    name: 'gemini-cli', title: 'Gemini CLI',
    root: (home, env) => join(env['GEMINI_CLI_HOME'] || home, '.gemini', 'tmp'),
    isSession: (path) => /[\\/]chats[\\/]session-[^\\/]+\.jsonl?$/.test(path),
    id: (path) => stem(path).replace(/^session-/, ''),
    key: lastPart,
  },
]

export const agentTitles: readonly string[] = agents.map(({ title }) => title)

/** The folders that are looked at, for a message. */
export const sessionFolders = ({ home, env }: Pick<Io, 'home' | 'env'>): string[] => agents.map(({ root }) => root(home, env))

/** A subagent's transcript belongs to the session that started it. */
export const isSubagent = (path: string): boolean => basename(path).startsWith('agent-') || path.split(sep).includes('subagents')

/** All sessions, newest first. Only their names are read; `describe` reads their first lines for the project. */
export async function findSessions({ home, env }: Pick<Io, 'home' | 'env'>): Promise<Session[]> {
  const found: Omit<Session, 'handle' | 'label'>[] = []
  for (const { name, root, isSession, id: idOf, key } of agents) {
    const folder = root(home, env)
    for (const file of await filesBelow(folder, (file) => /\.jsonl?$/.test(file))) {
      if (!isSession(file.path)) continue
      const id = idOf(file.path)
      const project = relative(folder, file.path).split(sep)[0] ?? ''
      found.push({ ...file, agent: name, id, keys: [...new Set([key(id), id])], project: name === 'gemini-cli' ? project.slice(0, 12) : project })
    }
  }
  const handles = handlesOf(found.map(({ keys }) => keys[0]!))
  const order = new Map(newestFirst(found).map(({ path }, i) => [path, i]))
  return found
    .map((one) => ({ ...one, handle: handles.get(one.keys[0]!)!, label: labelOf(handles.get(one.keys[0]!)!, one) }))
    .sort((a, b) => order.get(a.path)! - order.get(b.path)!)
}

const labelOf = (handle: string, { agent, modifiedEpochMs }: { agent: string; modifiedEpochMs: number }): string =>
  `${handle}  ${agent}  ${new Date(modifiedEpochMs).toISOString().slice(0, 16).replace('T', ' ')}`

const HEAD_BYTES = 32_768

/** The session with the folder that it worked in, where its first lines say it. */
export async function withProject(session: Session): Promise<Session> {
  const cwd = /"cwd"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(await headOf(session.path))?.[1]
  if (cwd === undefined) return session
  try {
    return { ...session, project: String(JSON.parse(cwd)) }
  } catch {
    return session
  }
}

async function headOf(path: string): Promise<string> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}

/**
 * The files of the subagents that a Claude Code session started: those in its own folder, and those beside it that name it,
 * as older versions wrote them.
 */
export async function subagentFiles(path: string): Promise<string[]> {
  if (!path.endsWith('.jsonl') || isSubagent(path)) return []
  const own = await filesBelow(join(dirname(path), stem(path), 'subagents'), (name) => name.endsWith('.jsonl'))
  const beside: string[] = []
  for (const name of await namesIn(dirname(path))) {
    if (!/^agent-.*\.jsonl$/.test(name)) continue
    const file = join(dirname(path), name)
    if ((await headOf(file)).includes(`"${stem(path)}"`)) beside.push(file)
  }
  return [...own.map((file) => file.path), ...beside].sort()
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}
