import { lendTexts } from '../model/transient.ts'
import type { Part } from '../model/message.ts'
import { expand, partList, setRequestParts, type PartList } from '../model/part-list.ts'
import { OPEN, type Dropped, type LlmDetail, type ProcessFacts, type Span, type Trace } from '../model/span.ts'
import { markSafe, type Redactor } from '../trace-file/index.ts'
import { toPart, type LoggedRequest, type PartDraft } from './parts.ts'
import type { LlmDraft, RunRecord, SpanRecord, Writable } from './recorder.ts'

export interface TraceFacts {
  readonly service: string | undefined
  readonly process: ProcessFacts
  /** All that a trace says goes through it: whatever is made of a trace later, no secret is in it. */
  readonly redactor: Redactor
}

/** A run that has ended. Its trace is made when somebody asks: most runs of a long-lived service are never looked at. */
export class FinishedRun {
  readonly #run: RunRecord
  readonly #facts: TraceFacts
  #trace: Trace | undefined

  constructor(run: RunRecord, facts: TraceFacts) {
    this.#run = run
    this.#facts = facts
    // Up to there, to free the texts would cost more than they do.
    if (Math.max(run.textChars, run.values.chars) > SMALL_CHARS) workWhenIdle(run, run.owner.content === 'none' && !needsTexts(run))
  }

  isOf(run: RunRecord): boolean {
    return this.#run === run
  }

  get trace(): Trace {
    return (this.#trace ??= traceOf(this.#run, this.#facts))
  }
}

/** Spans and parts take their public form, redacted, when they are first read. */
function traceOf(run: RunRecord, { service, process, redactor }: TraceFacts): Trace {
  const { traceId, tags } = run.facts
  const name = run.name
  const made = once(() => publicForm(run, redactor))
  const trace: Trace = {
    id: traceId,
    ...redactor.run({ name, ...(service !== undefined && { service }), ...(tags !== undefined && { tags }) }),
    startedAtEpochMs: run.startedAtEpochMs,
    get spans() { return made().spans },
    get parts() { return made().parts },
    process,
    get dropped() { return made().dropped },
    get overheadNs() { return Math.round(run.overheadMs * 1e6) },
    get selfErrors() { return run.selfErrors },
  }
  if (needsTexts(run)) lendTexts(trace, (part) => made().texts[part])
  markSafe(trace)
  outlines.set(trace, () => (run.isReleased ? trace : outline(run, trace, redactor)))
  return trace
}

const outlines = new WeakMap<Trace, () => Trace>()

/**
 * A trace as far as sums over its spans need it: the spans as they are now, without the parts of requests and answers. Takes little, and
 * leaves the trace itself to take its public form later: what ends after its run still shows in it.
 */
export const outlineOf = (trace: Trace): Trace => outlines.get(trace)?.() ?? trace

function outline(run: RunRecord, { id, name, startedAtEpochMs }: Trace, redactor: Redactor): Trace {
  const spans = run.spans.map((span) => redactor.span(toSpan(span, NO_PARTS)))
  const trace: Trace = { id, name, startedAtEpochMs, spans, parts: [], dropped: { spans: run.droppedSpans, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0 }
  markSafe(trace)
  return trace
}

const NO_PARTS: NumberedCalls = { request: () => undefined, response: () => undefined }

interface PublicForm {
  readonly spans: readonly Span[]
  readonly parts: readonly Part[]
  /** Only with the texts still in memory: that of each part. */
  readonly texts: readonly (string | undefined)[]
  readonly dropped: Dropped
}

function publicForm(run: RunRecord, redactor: Redactor): PublicForm {
  run.values.work(Number.POSITIVE_INFINITY)
  const contents = numberParts(run)
  const { texts, droppedChars, droppedParts } = contents
  const parts = contents.parts.map((part) => redactor.part(part))
  const records = run.isUnsorted ? run.spans.toSorted((a, b) => a.start - b.start || a.number - b.number) : run.spans
  const spans = records.map((span) => redactor.span(toSpan(span, contents)))
  const { droppedSpans, droppedAttributes: attributes } = run
  run.release()
  return { spans, parts, texts, dropped: { spans: droppedSpans, contentChars: droppedChars, parts: droppedParts, ...(attributes > 0 && { attributes }) } }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Local token counting reads the texts of calls whose provider told no usage; a call that failed without an answer had none. */
function needsTexts(run: RunRecord): boolean {
  return run.spans.some(({ details, outcome }) => {
    const llm = details?.llm
    if (llm === undefined || llm.usage?.complete === true) return false
    return outcome.state !== 'failed' || llm.response !== undefined
  })
}

const CHARS_PER_SLICE = 1_000_000
const VALUE_CHARS_PER_SLICE = 100_000
const SMALL_CHARS = 32_000

/**
 * Looks for values and hashes what is left in slices of about two milliseconds, then lets go of the texts.
 * @param forgets whether the run records no texts
 */
function workWhenIdle(run: RunRecord, forgets: boolean): void {
  const pending = forgets ? textsToForget(run) : []
  const slice = (): void => {
    if (run.isReleased) return
    let done = run.values.work(VALUE_CHARS_PER_SLICE) * (CHARS_PER_SLICE / VALUE_CHARS_PER_SLICE)
    while (pending.length > 0 && done < CHARS_PER_SLICE) done += pending.pop()!()
    if (pending.length > 0 || !run.values.isDone) setImmediate(slice).unref()
  }
  setImmediate(slice).unref()
}

function textsToForget(run: RunRecord): (() => number)[] {
  const pending: (() => number)[] = []
  for (const entry of run.requests.entries) {
    pending.push(() => {
      const before = entry.tail
      entry.tail = withoutTexts(before)
      return chars(before)
    })
  }
  for (const { details } of run.spans) {
    const llm = details?.llm
    if (llm?.response === undefined) continue
    const before = llm.response
    pending.push(() => {
      llm.response = withoutTexts(before)
      return chars(before)
    })
  }
  return pending
}

/** Runs that sent the very same list share what is left of it. */
const known = new WeakMap<readonly (PartDraft | Part)[], readonly Part[]>()

function withoutTexts(parts: readonly (PartDraft | Part)[]): readonly Part[] {
  let bare = known.get(parts)
  if (bare === undefined) known.set(parts, (bare = parts.map(withoutText)))
  return bare
}

const withoutText = (part: PartDraft | Part): Part => ('hash' in part ? part : toPart(part))
const chars = (parts: readonly (PartDraft | Part)[]): number => parts.reduce((sum, { text }) => sum + (text?.length ?? 0), 0)

/** The numbers that the parts of a call have. */
export interface NumberedCalls {
  request(draft: LlmDraft): PartList | undefined
  response(draft: LlmDraft): readonly number[] | undefined
}

interface Contents extends NumberedCalls, Pick<PublicForm, 'parts' | 'texts'> {
  readonly droppedParts: number
  readonly droppedChars: number
}

/** Gives each distinct part of the run its index. */
function numberParts(run: RunRecord): Contents {
  const store = new PartStore(run.owner.limits.maxPartsPerRun, run.owner.content === 'full' ? run.owner.limits.maxContentChars : 0)
  const lists = new Map<LoggedRequest, PartList>()
  const responses = new Map<LlmDraft, readonly number[]>()
  for (const entry of run.requests.entries) lists.set(entry, store.list(entry, entry.base && lists.get(entry.base)))
  for (const { details } of run.spans) {
    if (details?.llm?.response !== undefined) responses.set(details.llm, store.indexes(details.llm.response))
  }
  const { parts, texts, droppedParts, droppedChars } = store
  const request = ({ request: entry }: LlmDraft): PartList | undefined => {
    const list = entry && lists.get(entry)
    return list && store.present(list)
  }
  return { parts, texts, request, response: (draft) => responses.get(draft), droppedParts, droppedChars }
}

/** A part for which there was no room. */
const NO_ROOM = -1

export class PartStore {
  readonly parts: Part[] = []
  readonly texts: (string | undefined)[] = []
  droppedParts = 0
  droppedChars = 0
  readonly #byIdentity = new Map<PartDraft | Part, number>()
  readonly #byHash = new Map<string, number>()
  readonly #maxParts: number
  readonly #keepsText: boolean
  #charsLeft: number

  constructor(maxParts: number, maxChars: number) {
    this.#maxParts = maxParts
    this.#charsLeft = maxChars
    this.#keepsText = maxChars > 0
  }

  indexes(parts: readonly (PartDraft | Part)[]): number[] {
    return parts.map((part) => this.#index(part)).filter((index) => index !== NO_ROOM)
  }

  /** @param base the list of the request that `entry` begins like */
  list({ keep, tail }: LoggedRequest, base: PartList | undefined): PartList {
    return partList(tail.map((part) => this.#index(part)), base, base === undefined ? 0 : keep)
  }

  /** A list that was made here, without the parts for which there was no room. */
  present(list: PartList): PartList {
    if (this.droppedParts === 0) return list
    const all = expand(list)
    const present = all.filter((index) => index !== NO_ROOM)
    return present.length === all.length ? list : partList(present)
  }

  /** Lets go of the texts; what comes later is known by its hash. */
  forget(): void {
    this.#byIdentity.clear()
    this.texts.length = 0
  }

  #index(source: PartDraft | Part): number {
    const known = this.#byIdentity.get(source)
    if (known !== undefined) return known
    const part = withoutText(source)
    // The hash covers kind, name and call id; the length is beside it.
    const key = `${part.hash}${part.chars}`
    let index = this.#byHash.get(key)
    if (index === undefined) {
      index = this.#append(part, source.text)
      this.#byHash.set(key, index)
    }
    this.#byIdentity.set(source, index)
    return index
  }

  #append(part: Part, text: string | undefined): number {
    if (this.parts.length >= this.#maxParts) {
      this.droppedParts++
      return NO_ROOM
    }
    this.texts.push(text)
    return this.parts.push(this.#withText(part, text)) - 1
  }

  #withText(part: Part, text: string | undefined): Part {
    if (text === undefined || !this.#keepsText) return part
    this.#charsLeft -= text.length
    if (this.#charsLeft >= 0) return { ...part, text }
    this.droppedChars += text.length
    return part
  }
}

/** @internal The public form of a span, as far as it is known. */
export function toSpan(record: SpanRecord, contents: NumberedCalls): Span {
  const { run, parent, name, category, start, ended, outcome, details } = record
  const isOpen = outcome === OPEN
  return {
    id: record.id,
    ...(parent !== undefined && { parentId: parent.id }),
    traceId: run.facts.traceId,
    name,
    category,
    start,
    ...(!isOpen && { end: ended }),
    outcome,
    ...publicDetails(details, contents),
    ...(isLate(record) && { late: true as const }),
  }
}

function publicDetails(details: SpanRecord['details'], contents: NumberedCalls): Partial<Span> {
  if (details === undefined) return {}
  const { attributes, llm, tool, dependsOn, values, resources } = details
  return {
    ...(attributes !== undefined && { attributes: { ...attributes } }),
    ...(llm !== undefined && { llm: publicLlm(llm, contents) }),
    ...(tool !== undefined && { tool }),
    ...(dependsOn !== undefined && { dependsOn }),
    ...(values !== undefined && { values }),
    ...(resources !== undefined && { resources }),
  }
}

function publicLlm(draft: LlmDraft, numbered: NumberedCalls): LlmDetail {
  const { request: _request, response: _response, ...rest } = draft
  const llm: Writable<LlmDetail> = rest
  const request = numbered.request(draft)
  if (request !== undefined) setRequestParts(llm, request)
  const response = numbered.response(draft)
  if (response !== undefined) llm.responseParts = response
  return llm
}

/** Work that its parent did not wait for. A span still open when its parent had ended is late as well. */
export function isLate({ parent, ended, outcome }: SpanRecord): boolean {
  if (parent === undefined || parent.ended === -1) return false
  return outcome === OPEN || ended > parent.ended
}
