import { hashText } from '../model/message.ts'
import type { Span, Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'
import { remembered } from './remembered.ts'
import { bytes, giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'

/** One run of a tool, with what tells whether it was run like that before. */
export interface ToolUse {
  /** Index of its span in the timeline. */
  readonly span: number
  readonly name: string
  /** Equal for equal arguments of one run; undefined when they are not known. */
  readonly args: string | undefined
  readonly result: string | undefined
}

const known = new WeakMap<Timeline, readonly ToolUse[]>()

/**
 * The runs of tools in order of start. Arguments and results are told apart by the hashes that were recorded; where there are
 * none, as in transcripts of other tools, by their texts, where the trace has some.
 */
export function toolUses(trace: Trace, timeline: Timeline): readonly ToolUse[] {
  let uses = known.get(timeline)
  if (uses === undefined) known.set(timeline, (uses = findUses(trace, timeline)))
  return uses
}

function findUses(trace: Trace, timeline: Timeline): ToolUse[] {
  const { spans } = timeline
  let parts: Map<string, number> | undefined
  const partText = (kind: string, { tool }: Span): string | undefined => {
    const part = tool?.callId === undefined ? undefined : (parts ??= partsOfCalls(trace)).get(`${kind} ${tool.callId}`)
    return part === undefined ? undefined : textOf(trace, part)
  }
  const hashed = (text: string | undefined): string | undefined => (text === undefined ? undefined : hashText(canonical(text)))
  const uses: ToolUse[] = []
  for (const i of placesOfTools(timeline)) {
    const span = spans[i]!
    const { tool } = span
    uses.push({
      span: i,
      name: tool?.name ?? span.name,
      args: tool?.argumentsHash ?? hashed(tool?.arguments ?? partText('tool-call', span)),
      result: tool?.resultHash ?? hashed(tool?.result ?? partText('tool-result', span)),
    })
  }
  return uses
}

/** Spans that are tools by their category or by their details, in order of start. */
export function placesOfTools({ kinds, kind, tools }: Pick<Timeline, 'kinds' | 'kind' | 'tools'>): Int32Array {
  const isTool = bytes(kind.length)
  const isNamed = kinds.map(({ category }) => (category === 'tool' ? 1 : 0))
  for (let i = 0; i < kind.length; i++) isTool[i] = isNamed[kind[i]!]!
  for (let at = 0; at < tools.length; at++) isTool[tools[at]!] = 1
  let count = 0
  for (let i = 0; i < kind.length; i++) count += isTool[i]!
  const places = ints(count)
  for (let i = 0, at = 0; i < kind.length; i++) if (isTool[i] === 1) places[at++] = i
  giveBack(isTool)
  return places
}

/** Parts of calls and of their results, by kind and the id of the call. */
function partsOfCalls({ parts }: Trace): Map<string, number> {
  const found = new Map<string, number>()
  parts.forEach(({ kind, callId }, part) => {
    if (callId !== undefined && (kind === 'tool-call' || kind === 'tool-result')) found.set(`${kind} ${callId}`, part)
  })
  return found
}

/** The order of the fields of an object, and the space between them, say nothing. */
function canonical(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), (_key, field: unknown) => (typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field))
  } catch {
    return text
  }
}

const WRITERS = new Set(('write edit send create update delete remove insert add set put patch post save store upload commit push publish '
  + 'move rename copy append replace apply book buy pay order cancel submit approve install deploy notify email').split(' '))
const RUNNERS = new Set('bash shell exec execute run command terminal python eval script sql query browser computer click type'.split(' '))

/**
 * What the name of a tool lets expect, and no more than that: `writes` changes something; `runs` does what its arguments say,
 * which may be to change something.
 */
export const nature: (name: string) => 'writes' | 'runs' | 'other' = remembered((name) => {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z]+/)
  if (words.some((word) => WRITERS.has(word))) return 'writes'
  return words.some((word) => RUNNERS.has(word)) ? 'runs' : 'other'
})
