import type { Part } from '../model/message.ts'
import { lengthOf, partList, setRequestParts, type PartList } from '../model/part-list.ts'
import type { LlmDetail, Span, Trace } from '../model/span.ts'
import { checkEnd, checkPart, checkRun, complaintOfSpan, isObject, isPlace } from './check.ts'
import { Bytes, inspect, seedOf, type Frame } from './frame.ts'
import type { EndRecord, RequestLike, RunFacts, StoredLlm } from './records.ts'
import { upgraders, type Upgrader } from './upgrade.ts'

export interface Problem {
  /** Counted from 1. */
  readonly line: number
  readonly message: string
}

export interface Decoded {
  readonly traces: Trace[]
  readonly problems: Problem[]
}

type TextOf = (from: number, to: number) => string

interface Line {
  readonly number: number
  readonly text: string
}

const MAX_LINE_CHARS = 64_000_000
const MAX_PROBLEMS = 200

/**
 * Reads run files line by line, as docs/format.md describes them; several files may follow each other. Never throws: a line
 * that cannot be trusted is a problem with its number and reason, and all the others are kept.
 */
export class TraceDecoder {
  readonly #upgraders: readonly Upgrader[]
  readonly #traces: Trace[] = []
  readonly #problems: Problem[] = []
  #moreProblems = 0
  #number = 0
  #bytes = new Bytes(new Uint8Array())
  #run: RunBuilder | undefined
  /** Whole lines of a run whose header was not readable; its end may tell whose they are. */
  #unclaimed: Line[] = []
  /** After the header of a newer version nothing is read until the next header. */
  #isRefused = false

  /** @param upgrading for tests: the upgraders of an imagined history; the version read is one more than their number */
  constructor(upgrading: readonly Upgrader[] = upgraders) {
    this.#upgraders = upgrading
  }

  /**
   * One line as a part of UTF-8 bytes: the same as {@link line} with its text, in less time.
   * @param to where it ends, without its end of line
   * @param textOf decodes a part of the bytes
   */
  slice(bytes: Uint8Array, from: number, to: number, textOf: TextOf): void {
    if (this.#bytes.all !== bytes) this.#bytes = new Bytes(bytes)
    if (!this.#isKnown(this.#bytes, from, to, textOf)) return this.line(textOf(from, to))
    this.#number++
  }

  /** @returns false when the line has to be looked at in full */
  #isKnown(bytes: Bytes, from: number, to: number, textOf: TextOf): boolean {
    const run = this.#run
    if (run === undefined || this.#isRefused || run.version <= this.#upgraders.length) return false
    const framed = bytes.record(from, to, run.seed)
    if (framed === undefined) return false
    try {
      return run.addText(framed.kind, textOf(framed.from, framed.to), framed.at)
    } catch {
      return false
    }
  }

  line(raw: string): void {
    const number = ++this.#number
    const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (text === '' || (this.#isRefused && !isHead(text))) return
    if (text.length > MAX_LINE_CHARS) return this.#problem(number, `a line of ${text.length} characters is too long for a record`)
    const head = isHead(text)
    const frame = inspect(text, head ? 0 : this.#run?.seed ?? 0)
    if (frame === 'cut') this.#problem(number, text.startsWith('{') ? 'a record that is cut off or damaged' : 'not a record of a Spanwise run file')
    else if (head) this.#head(number, text, frame)
    else if (frame === 'whole' && this.#run !== undefined) this.#record(number, text, this.#run)
    else this.#unclaimed.push({ number, text })
  }

  finish(): Decoded {
    this.#close(this.#number)
    if (this.#moreProblems > 0) this.#problems.push({ line: this.#number, message: `and ${this.#moreProblems} problems more` })
    if (this.#traces.length === 0 && this.#problems.length === 0) this.#problem(1, 'no records: the file is empty')
    return { traces: this.#traces, problems: this.#problems.sort((a, b) => a.line - b.line) }
  }

  /** A header, or an end, which repeats it. */
  #head(number: number, text: string, frame: Frame): void {
    if (frame !== 'whole') return this.#problem(number, 'a damaged record: its checksum does not fit')
    const head = parse(text)
    const version = head?.['version']
    if (head === undefined || head['format'] !== 'spanwise' || !Number.isSafeInteger(version) || (version as number) < 1) {
      return this.#problem(number, 'expected the header of a Spanwise run file')
    }
    const isEnd = 'end' in head
    if ((version as number) > this.#upgraders.length + 1) {
      if (this.#isRefused && isEnd) return
      if (!isEnd) this.#close(number)
      this.#isRefused = true
      return this.#problem(number, `written by a newer Spanwise: format ${String(version)}, this one reads up to ${this.#upgraders.length + 1}; update the package`)
    }
    const { run, end } = this.#upgrade(head, version as number)
    if (!checkRun(run)) return this.#problem(number, 'expected a run with an id, a name and a start')
    this.#isRefused = false
    if (!isEnd) return this.#begin(run, number, version as number)
    if (!checkEnd(end)) return this.#problem(number, 'expected counts in the end of a run')
    if (this.#run?.facts.id !== run.id) this.#begin(run, number, version as number, true)
    this.#run!.end = end
    this.#run!.name = run.name
  }

  #begin(facts: RunFacts, number: number, version: number, takesUnclaimed = false): void {
    const unclaimed = takesUnclaimed ? this.#unclaimed : []
    if (takesUnclaimed) this.#unclaimed = []
    this.#close(number)
    const run = (this.#run = new RunBuilder(facts, version))
    for (const line of unclaimed) {
      if (inspect(line.text, run.seed) === 'whole') this.#record(line.number, line.text, run)
      else this.#unclaimed.push(line)
    }
  }

  #record(number: number, text: string, run: RunBuilder): void {
    const parsed = parse(text)
    const complaint = parsed === undefined ? 'a record as JSON' : run.add(this.#upgrade(parsed, run.version))
    if (complaint !== undefined) this.#problem(number, `expected ${complaint}`)
  }

  #upgrade(record: Readonly<Record<string, unknown>>, version: number): Readonly<Record<string, unknown>> {
    try {
      let current = record
      for (let from = version; from <= this.#upgraders.length; from++) current = this.#upgraders[from - 1]!(current)
      return current
    } catch {
      return NOTHING
    }
  }

  #close(number: number): void {
    for (const line of this.#unclaimed) this.#problem(line.number, 'a damaged record: its checksum does not fit')
    this.#unclaimed = []
    if (this.#run === undefined) return
    const { trace, missing } = this.#run.finish()
    this.#run = undefined
    this.#traces.push(trace)
    for (const message of missing) this.#problem(number, message)
  }

  #problem(line: number, message: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ line, message })
    else this.#moreProblems++
  }
}

/** What a record is when it cannot be upgraded: the checks then say what was expected. */
const NOTHING: Readonly<Record<string, unknown>> = {}

const isHead = (text: string): boolean => text.startsWith('{"format":') || text.startsWith('{"end":')

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The trace of one run while its records come in. */
class RunBuilder {
  readonly facts: RunFacts
  readonly version: number
  readonly seed: number
  end: EndRecord['end'] | undefined
  /** Its end knows best: some runs are called another thing by then. */
  name: string
  readonly #spans: Span[] = []
  readonly #parts: Part[] = []
  readonly #requests = new Requests()
  readonly #texts = new Texts()
  #lastId = ''
  #lastParent = ''
  #hasOpen = false

  constructor(facts: RunFacts, version: number) {
    this.facts = facts
    this.name = facts.name
    this.version = version
    this.seed = seedOf(facts.id)
  }

  /**
   * @param text the object's JSON
   * @returns false when it cannot be taken
   * @throws SyntaxError when it is no JSON
   */
  addText(kind: 'span' | 'open' | 'part', text: string, at: number): boolean {
    if (kind === 'part') return this.add({ part: JSON.parse(text), at }) === undefined
    // What is added to an object later lies outside of it and takes as much memory again as ten fields.
    const span: unknown = JSON.parse(`${text.slice(0, -1)},"traceId":""}`)
    return this.add(kind === 'open' ? { open: span, at } : { span, at }) === undefined
  }

  /** @returns what was expected instead */
  add({ open, span = open, part, at }: Readonly<Record<string, unknown>>): string | undefined {
    if (!isPlace(at)) return 'a place in the trace'
    if (span === undefined) {
      if (!checkPart(part)) return 'a span or a part'
      const own: Writable<Part> = part
      own.kind = this.#texts.get(part.kind) as Part['kind']
      this.#parts[at] = own
      return undefined
    }
    const complaint = complaintOfSpan(span)
    if (complaint !== undefined) return complaint
    // The object was made by our own parse: nobody else holds it.
    const own = span as { -readonly [K in keyof Span]: Span[K] }
    own.traceId = this.facts.id
    this.#share(own)
    if (own.llm !== undefined) this.#requests.read(own.llm, at)
    if (open !== undefined) {
      this.#hasOpen = true
      if (this.#spans[at] !== undefined) return undefined
    }
    this.#spans[at] = own
    return undefined
  }

  /** The same few texts and outcomes come with each span: one of each is kept, and of a text that came a moment before. */
  #share(span: Writable<Span>): void {
    const { id, parentId, name, outcome } = span
    if (parentId !== undefined) {
      if (parentId === this.#lastId) span.parentId = this.#lastId
      else if (parentId === this.#lastParent) span.parentId = this.#lastParent
      else this.#lastParent = parentId
    }
    this.#lastId = id
    span.name = this.#texts.get(name)
    const { llm } = span as { readonly llm?: Writable<LlmDetail> }
    if (llm !== undefined) {
      llm.api = this.#texts.get(llm.api)
      if (llm.responseModel !== undefined) llm.responseModel = this.#texts.get(llm.responseModel)
    }
    if (outcome.state === 'ok') span.outcome = OK
  }

  finish(): { readonly trace: Trace; readonly missing: readonly string[] } {
    const { facts, name, end } = this
    const found = inOrder(this.#spans.filter((span) => span !== undefined))
    const { parts, spans } = withoutHoles(this.#parts, this.#hasOpen ? markLate(found) : found, this.#requests.highest)
    const missing: string[] = []
    if (end === undefined) missing.push(`the run ${facts.id} has no end: the program is still running, or was killed`)
    // How many spans there should be is known only from the end.
    const lost = (end?.spans ?? 0) - found.length
    if (lost > 0) missing.push(`${lost} spans of the run ${facts.id} are lost`)
    const lostParts = Math.max(end?.parts ?? 0, this.#parts.length) - parts.length
    if (lostParts > 0) missing.push(`${lostParts} parts of requests and answers of the run ${facts.id} are lost`)
    const { lost: lostRequests } = this.#requests
    if (lostRequests > 0) missing.push(`${lostRequests} requests of the run ${facts.id} are lost: they go on from one whose record is missing`)
    const { dropped = { spans: 0, contentChars: 0, parts: 0 }, overheadNs = 0, selfErrors = 0 } = end ?? {}
    return { trace: { ...facts, name, spans, parts, dropped, overheadNs, selfErrors }, missing }
  }
}

/** Spans of other processes, and calls that two observers saw, come into a run after others that began later. */
function inOrder(spans: Span[]): Span[] {
  for (let i = 1; i < spans.length; i++) if (spans[i - 1]!.start > spans[i]!.start) return spans.sort((a, b) => a.start - b.start)
  return spans
}

const OK = Object.freeze({ state: 'ok' } as const)

/** Keeps one of equal texts. */
class Texts {
  readonly #known = new Map<string, string>()

  get(text: string): string {
    if (text.length < LEAST_CHARS || text.length > MOST_CHARS) return text
    const known = this.#known.get(text)
    if (known !== undefined) return known
    if (this.#known.size < MAX_TEXTS) this.#known.set(text, text)
    return text
  }
}

/** Shorter texts are shared by the parser itself. */
const LEAST_CHARS = 11
const MOST_CHARS = 100
const MAX_TEXTS = 1_000

/** A span that was open when it was written does not know yet that its parent ended before it. */
function markLate(spans: readonly Span[]): readonly Span[] {
  const open = spans.filter(({ end }) => end === undefined)
  if (open.length === 0) return spans
  const parents = new Set(open.map(({ parentId }) => parentId))
  const ended = new Set(spans.flatMap(({ id, end }) => (end !== undefined && parents.has(id) ? [id] : [])))
  return spans.map((span) => (span.end === undefined && ended.has(span.parentId ?? '') ? { ...span, late: true as const } : span))
}

/** The requests of one run. One that is told as the beginning of another and a bit more shares it in memory too. */
class Requests {
  lost = 0
  /** The highest number of a part that calls refer to. */
  highest = -1
  /** By the place of the span; lists in full as they are. */
  readonly #lists: (readonly number[] | PartList)[] = []
  #items = 0

  read(llm: Writable<StoredLlm>, at: number): void {
    const { requestParts, responseParts } = llm
    if (responseParts !== undefined) this.#note(responseParts)
    if (requestParts === undefined) return
    if (isFull(requestParts)) {
      this.#note(requestParts)
      this.#items += requestParts.length
      this.#lists[at] = requestParts
      return
    }
    const list = this.#resolve(requestParts)
    if (list === undefined) {
      this.lost++
      delete llm.requestParts
      return
    }
    this.#note(list.tail)
    this.#items += lengthOf(list)
    this.#lists[at] = list
    setRequestParts(llm as Writable<LlmDetail>, list)
  }

  /** A forged file could tell lists of any length in a few characters. */
  #resolve({ like, first, then }: RequestLike): PartList | undefined {
    const known = this.#lists[like]
    const base = known !== undefined && isFull(known) ? partList(known) : known
    if (base === undefined || first > lengthOf(base) || this.#items + first + then.length > MAX_ITEMS) return undefined
    return partList(then, base, first)
  }

  #note(places: readonly number[]): void {
    for (const place of places) if (place > this.highest) this.highest = place
  }
}

const isFull = (list: readonly number[] | object): list is readonly number[] => Array.isArray(list)

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Of all requests of a run together, when they are written out. */
const MAX_ITEMS = 50_000_000

/** Spans refer to parts by place: a lost part leaves a hole, which is closed, and nobody refers to it any more. */
function withoutHoles(all: readonly (Part | undefined)[], spans: readonly Span[], highest: number): { readonly parts: Part[]; readonly spans: readonly Span[] } {
  const parts = all.filter((part) => part !== undefined)
  if (parts.length === all.length && highest < all.length) return { parts, spans }
  const places = new Map<number, number>()
  for (const [at, part] of all.entries()) if (part !== undefined) places.set(at, places.size)
  const moved = (indexes: readonly number[]): number[] => indexes.flatMap((index) => places.get(index) ?? [])
  const movedLlm = (llm: LlmDetail): LlmDetail => ({
    ...llm,
    ...(llm.requestParts && { requestParts: moved(llm.requestParts) }),
    ...(llm.responseParts && { responseParts: moved(llm.responseParts) }),
  })
  return { parts, spans: spans.map((span) => (span.llm === undefined ? span : { ...span, llm: movedLlm(span.llm) })) }
}

/** Reads the text of one or several run files. For a file that is too large for one text, feed a {@link TraceDecoder}. */
export function decodeTrace(text: string, upgrading: readonly Upgrader[] = upgraders): Decoded {
  const decoder = new TraceDecoder(upgrading)
  let from = text.startsWith('\uFEFF') ? 1 : 0
  while (from < text.length) {
    const found = text.indexOf('\n', from)
    const to = found === -1 ? text.length : found
    decoder.line(text.slice(from, to))
    from = to + 1
  }
  return decoder.finish()
}
