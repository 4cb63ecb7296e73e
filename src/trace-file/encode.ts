import type { Part } from '../model/message.ts'
import { expand, lengthOf, partList, RecentLists, type PartList } from '../model/part-list.ts'
import type { Outcome, Span, Trace } from '../model/span.ts'
import { seal, sealText, seedOf } from './frame.ts'
import { safeTrace } from './redact.ts'
import { factsOf, VERSION, type EndRecord, type RequestLike, type RunFacts, type RunRecordLine, type StoredLlm, type StoredSpan } from './records.ts'

const MAX_NAMES = 1_000
const MAX_NAME_CHARS = 200

/** A span that has ended. Undefined is as if it were not there. */
export type EndedSpan = { readonly [K in keyof Omit<StoredSpan, 'llm'>]: StoredSpan[K] | undefined } & {
  readonly name: string
  readonly category: string
  readonly outcome: Outcome
  readonly llm: StoredLlm | undefined
}

/** Writes the records of one run as lines, each with its end of line. */
export class RunEncoder {
  readonly #facts: RunFacts
  readonly #seed: number
  readonly #names = new Map<string, { readonly category: string; readonly json: string }>()
  readonly #requests = new Map<PartList, { readonly at: number; readonly cost: number }>()

  constructor(facts: RunFacts) {
    this.#facts = facts
    this.#seed = seedOf(facts.id)
  }

  header(): string {
    return line({ format: 'spanwise', version: VERSION, run: this.#facts }, 0)
  }

  /** @param at the span's place among the spans of the trace */
  span(span: Span, at: number, request?: PartList): string {
    const stored = withoutTrace(span)
    if (request === undefined) return this.#record({ span: stored, at })
    return this.#record({ span: { ...stored, llm: { ...stored.llm!, requestParts: this.request(request, at) } }, at })
  }

  /** The same line, made by hand where that is several times as fast. */
  ended({ id, parentId, name, category, start, end, outcome, attributes, llm, tool, dependsOn, values, resources, late }: EndedSpan, at: number): string {
    const parent = parentId === undefined ? '' : `"parentId":"${parentId}",`
    const state = outcome.state === 'ok' ? '{"state":"ok"}' : JSON.stringify(outcome)
    let text = `{"span":{"id":"${id}",${parent}"name":${this.#named(name, category)},"start":${start},"end":${end},"outcome":${state}`
    if (attributes !== undefined) text += `,"attributes":${JSON.stringify(attributes)}`
    if (llm !== undefined) text += `,"llm":${llmText(llm)}`
    if (tool !== undefined) text += `,"tool":${JSON.stringify(tool)}`
    if (dependsOn !== undefined) text += `,"dependsOn":${JSON.stringify(dependsOn)}`
    if (values !== undefined) text += `,"values":${JSON.stringify(values)}`
    if (resources !== undefined) text += `,"resources":${JSON.stringify(resources)}`
    if (late !== undefined) text += ',"late":true'
    return `${sealText(`${text}},"at":${at}`, this.#seed)}\n`
  }

  /**
   * What a span says of its request. A list in full comes again before what it takes to put one together is longer than the
   * list: so a conversation takes no more than a few times its own length, and a lost record takes few requests with it.
   * @param at the span's place
   */
  request(list: PartList, at: number): readonly number[] | RequestLike {
    const known = this.#requests.get(list)
    const { base } = list
    const { first, tails, from } = this.#written(list)
    const added = tails.reduce((sum, tail) => sum + tail.length, 0)
    const cost = from === undefined ? 0 : from.cost + added + LIKE_COST
    const isLike = from !== undefined && known === undefined && base !== undefined && cost < lengthOf(list)
    if (known === undefined) this.#requests.set(list, { at, cost: isLike ? cost : 0 })
    return isLike ? { like: from.at, first, then: tails.flat() } : expand(list)
  }

  open(span: Span, at: number): string {
    return this.#record({ open: withoutTrace(span), at })
  }

  part(part: Part, at: number): string {
    return this.#record({ part, at })
  }

  /** @param name what the run is called now: some learn it late */
  end(end: EndRecord['end'], name: string = this.#facts.name): string {
    this.#requests.clear()
    return line({ end, format: 'spanwise', version: VERSION, run: { ...this.#facts, name } }, 0)
  }

  /** The nearest list among those that this one goes on from and that the file has, and what it takes to get here from it. */
  #written({ base, keep, tail }: PartList): { first: number; tails: (readonly number[])[]; from: { readonly at: number; readonly cost: number } | undefined } {
    const tails = [tail]
    let first = keep
    let list = base
    let from = list && this.#requests.get(list)
    while (list !== undefined && from === undefined) {
      if (first > list.keep) tails.unshift(list.tail.slice(0, first - list.keep))
      first = Math.min(first, list.keep)
      list = list.base
      from = list && this.#requests.get(list)
    }
    return { first, tails, from }
  }

  /** The same few come again with each span. */
  #named(name: string, category: string): string {
    const known = this.#names.get(name)
    if (known?.category === category) return known.json
    const json = `${JSON.stringify(name)},"category":${JSON.stringify(category)}`
    if (this.#names.size >= MAX_NAMES) this.#names.clear()
    if (name.length <= MAX_NAME_CHARS) this.#names.set(name, { category, json })
    return json
  }

  #record(record: RunRecordLine): string {
    return line(record, this.#seed)
  }
}

/** What a reference takes, in numbers of a list. */
const LIKE_COST = 8

/** Undefined is as if it were not there, and the rest keeps its order. */
const withoutTrace = (span: Span): StoredSpan => ({ ...span, ...NO_TRACE })
const NO_TRACE = { traceId: undefined }

function line(record: RunRecordLine | EndRecord | Omit<EndRecord, 'end'>, seed: number): string {
  try {
    return `${seal(record, seed)}\n`
  } catch {
    if (!('span' in record) || record.span.llm === undefined) throw new TypeError('a record that is no JSON')
    return `${seal({ ...record, span: { ...record.span, llm: withoutRaw(record.span.llm) } }, seed)}\n`
  }
}

function llmText(llm: StoredLlm): string {
  try {
    return JSON.stringify(llm)
  } catch {
    return JSON.stringify(withoutRaw(llm))
  }
}

/** A provider's raw usage is the one value whose shape is not ours: circular, a bigint, too deep. */
function withoutRaw(llm: StoredLlm): StoredLlm {
  if (llm.usage === undefined) return llm
  const { raw: _raw, ...usage } = llm.usage
  return { ...llm, usage }
}

/** The whole run file of a finished trace, as docs/format.md describes it, with what looks like a secret masked. Write it as UTF-8. */
export const encodeTrace = (source: Trace): string => [...encodeLines(source)].join('')

/** The same line by line: the whole of a long run is more than one text can hold. */
export function* encodeLines(source: Trace): Generator<string> {
  const trace = safeTrace(source)
  const { spans, parts, dropped, overheadNs, selfErrors } = trace
  const encoder = new RunEncoder(factsOf(trace))
  const recent = new RecentLists<number, PartList>((a, b) => a === b)
  yield encoder.header()
  for (const [at, part] of parts.entries()) yield encoder.part(part, at)
  for (const [at, span] of spans.entries()) {
    const items = span.llm?.requestParts
    yield encoder.span(span, at, items && recent.add(items, (base, keep) => partList(keep === 0 ? items : items.slice(keep), base, keep)))
  }
  yield encoder.end({ spans: spans.length, parts: parts.length, dropped, overheadNs, selfErrors })
}
