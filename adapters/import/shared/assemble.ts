import { hashText, type Part } from '../../../src/model/message.ts'
import {
  OK, OPEN,
  type Attributes, type Category, type LlmDetail, type Outcome, type Resources, type Span, type ToolDetail, type Trace,
} from '../../../src/model/span.ts'

/**
 * A span as an importer knows it. Keys are the importer's own and name other drafts; a key that names none is left out
 * (of a parent: the root takes the span).
 */
export interface SpanDraft {
  readonly key: string
  readonly parent?: string | undefined
  readonly name: string
  readonly category: Category
  /** Whole nanoseconds since the trace's start. */
  readonly start: number
  /** Absent: the file does not say that it ended, and the span is open. */
  readonly end?: number | undefined
  /** Default ok. */
  readonly outcome?: Outcome | undefined
  readonly attributes?: Attributes | undefined
  readonly llm?: LlmDetail | undefined
  /** `issuedBy` is a key. */
  readonly tool?: ToolDetail | undefined
  /** Keys. */
  readonly dependsOn?: readonly string[] | undefined
  readonly resources?: Resources | undefined
}

export interface TraceDraft {
  /** What the ids are made of: the same file gives the same ids. */
  readonly seed: string
  /** Default: made of the seed. */
  readonly id?: string
  /** The ids of all spans by their keys; default: made of the seed. */
  readonly ids?: ReadonlyMap<string, string>
  readonly parts?: readonly Part[]
  readonly name: string
  readonly service?: string | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  readonly startedAtEpochMs: number
  /** The root first; the others in any order. */
  readonly spans: readonly SpanDraft[]
  /** Spans that a limit left out. */
  readonly droppedSpans?: number
}

interface Placed {
  readonly draft: SpanDraft
  readonly parent: Placed | undefined
  readonly depth: number
  readonly start: number
  readonly end: number | undefined
}

/**
 * A trace that keeps the model's laws, whatever the drafts say: parents resolve, nobody starts before their parent or ends
 * before their start, and what ends after its parent is marked late.
 */
export function assemble(draft: TraceDraft): Trace {
  const placed = place(draft.spans)
  const id = draft.id ?? hashText(draft.seed) + hashText(draft.seed, 1)
  const prefix = hashText(draft.seed, 2).slice(0, 8)
  const ids = draft.ids ?? new Map(placed.map(({ draft: { key } }, i) => [key, prefix + (i + 1).toString(16).padStart(8, '0')]))
  return {
    id,
    name: draft.name,
    ...(draft.service !== undefined && { service: draft.service }),
    ...(draft.tags !== undefined && { tags: draft.tags }),
    startedAtEpochMs: draft.startedAtEpochMs,
    spans: placed.map((one) => finished(one, id, ids)),
    parts: draft.parts ?? [],
    dropped: { spans: draft.droppedSpans ?? 0, contentChars: 0, parts: 0 },
    overheadNs: 0,
    selfErrors: 0,
  }
}

/** From the root down, so that a parent's times are settled before its children's. What hangs on a ring hangs on the root. */
function place(drafts: readonly SpanDraft[]): Placed[] {
  const [first, ...others] = drafts
  if (first === undefined) return []
  const byParent = new Map<string, SpanDraft[]>()
  const known = new Set(drafts.map(({ key }) => key))
  for (const one of others) {
    const parent = one.parent !== undefined && one.parent !== one.key && known.has(one.parent) ? one.parent : first.key
    const siblings = byParent.get(parent)
    if (siblings === undefined) byParent.set(parent, [one])
    else siblings.push(one)
  }
  const seen = new Set<string>([first.key])
  const start = whole(first.start)
  const root: Placed = { draft: first, parent: undefined, depth: 0, start, end: endOf(first, start) }
  const placed = [root]
  const descend = (from: number): void => {
    for (let i = from; i < placed.length; i++) {
      for (const child of byParent.get(placed[i]!.draft.key) ?? []) put(child, placed[i]!)
    }
  }
  const put = (child: SpanDraft, parent: Placed): void => {
    if (seen.has(child.key)) return
    seen.add(child.key)
    const start = Math.max(whole(child.start), parent.start)
    placed.push({ draft: child, parent, depth: parent.depth + 1, start, end: endOf(child, start) })
  }
  descend(0)
  for (const one of others) {
    if (seen.has(one.key)) continue
    const from = placed.length
    put(one, root)
    descend(from)
  }
  return [root, ...placed.slice(1).sort((a, b) => a.start - b.start || a.depth - b.depth)]
}

const endOf = ({ end, outcome }: SpanDraft, start: number): number | undefined =>
  end === undefined || outcome?.state === 'open' ? undefined : Math.max(start, whole(end))

/** Readers leave out times that are too far; what still comes is brought to where a number is exact. */
const whole = (ns: number): number =>
  Math.min(Math.max(Math.round(ns) || 0, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)

function finished({ draft, parent, start, end }: Placed, traceId: string, ids: ReadonlyMap<string, string>): Span {
  const { name, category, outcome = OK, attributes, llm, tool, resources } = draft
  const dependsOn = draft.dependsOn?.flatMap((key) => (key === draft.key ? [] : ids.get(key) ?? []))
  const late = parent?.end !== undefined && (end === undefined || end > parent.end)
  return {
    id: ids.get(draft.key)!,
    ...(parent !== undefined && { parentId: ids.get(parent.draft.key)! }),
    traceId,
    name,
    category,
    start,
    ...(end !== undefined && { end }),
    outcome: end === undefined ? OPEN : outcome,
    ...(attributes !== undefined && Object.keys(attributes).length > 0 && { attributes }),
    ...(llm !== undefined && { llm }),
    ...(tool !== undefined && { tool: issued(tool, ids) }),
    ...(dependsOn !== undefined && dependsOn.length > 0 && { dependsOn }),
    ...(resources !== undefined && { resources }),
    ...(late && { late: true as const }),
  }
}

function issued({ issuedBy, ...tool }: ToolDetail, ids: ReadonlyMap<string, string>): ToolDetail {
  const id = issuedBy === undefined ? undefined : ids.get(issuedBy)
  return { ...tool, ...(id !== undefined && { issuedBy: id }) }
}
