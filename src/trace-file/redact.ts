import type { Part } from '../model/message.ts'
import type { Attributes, AttributeValue, LlmDetail, Outcome, Span, ToolCallRequest, ToolDetail, Trace } from '../model/span.ts'
import { shareTexts } from '../model/transient.ts'
import type { Usage } from '../model/usage.ts'
import { maskSecrets } from './detectors.ts'

/**
 * What becomes of texts on their way out of the process. Keys, tokens and passwords are masked under each policy.
 *
 * - `none`: the texts of prompts, answers and tools stay behind; their sizes and hashes go
 * - `full`: they go
 * - a function: it gets each text and where it stands (`part.text`, `tool.arguments`, `tool.result`, `error.message`,
 *   `span.name`, `attributes.<name>`, …), and gives back what goes; keys in what it gives back are masked like all others
 */
export type ContentPolicy = 'none' | 'full' | ((text: string, where: string) => string)

export const FAILED = '[masked: the redactor failed]'
const MASKED = '[masked: secret]'

/** A key whose text is a secret whatever it looks like. Counts such as `max_tokens` are numbers, and none of these. */
const secretKey = /(?:authorization|cookie|password|passwd|passphrase|secret|api[-_.]?key|private[-_.]?key|access[-_.]?key|credentials?|(?:access|refresh|auth|id|session|security|bearer)[-_.]?token|^token)$/i

/** Attributes in which other tools' conventions keep content. */
const contentKey = /^(?:gen_ai\.(?:prompt|completion|input\.messages|output\.messages|system_instructions|tool\.definitions|tool\.call\.(?:arguments|result)|content)|(?:input|output)\.value|llm\.(?:input|output)_messages|llm\.prompts|traceloop\.entity\.(?:input|output)|ai\.(?:prompt|response\.(?:text|object|toolCalls)|toolCall\.(?:args|result)))(?:\.|$)/

/** The same names come again with each span, and a pattern takes longer over one than all else. */
function remembering(pattern: RegExp): (key: string) => boolean {
  const known = new Map<string, boolean>()
  return (key) => {
    let is = known.get(key)
    if (is !== undefined) return is
    is = pattern.test(key)
    if (known.size >= MAX_KNOWN) known.clear()
    if (key.length <= MAX_KNOWN_CHARS) known.set(key, is)
    return is
  }
}

/** Where a user's function is not asked. */
const PLAIN = ''
const MAX_KNOWN = 4_096
const MAX_KNOWN_CHARS = 200
const MAX_DEPTH = 64

const isSecretKey = remembering(secretKey)
const isContentKey = remembering(contentKey)

/** Applies a policy. Gives back the very same object where there is nothing to change; never changes what it is given. */
export class Redactor {
  readonly #policy: ContentPolicy
  /** The same few names and models come again with each span. */
  readonly #known = new Map<string, string>()

  constructor(policy: ContentPolicy) {
    this.#policy = policy
  }

  /** @param where what a user's function is told */
  text(text: string, where: string): string {
    const policy = this.#policy
    if (typeof policy !== 'function') return this.plain(text)
    try {
      const own: unknown = policy(text, where)
      return typeof own === 'string' ? this.plain(own) : FAILED
    } catch {
      return FAILED
    }
  }

  /** A text that is no user's function's business: ids, categories, models, names of fields. */
  plain(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const masked = maskSecrets(text)
    if (text.length <= MAX_KNOWN_CHARS) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(text, masked)
    }
    return masked
  }

  span(span: Span): Span {
    const { name, category, outcome, attributes, llm, tool } = span
    const changes: { -readonly [K in keyof Span]?: Span[K] } = {}
    const newName = this.text(name, 'span.name')
    if (newName !== name) changes.name = newName
    const newCategory = this.plain(category)
    if (newCategory !== category) changes.category = newCategory
    const newOutcome = this.outcome(outcome)
    if (newOutcome !== outcome) changes.outcome = newOutcome
    const newAttributes = attributes && this.#attributes(attributes)
    if (newAttributes !== undefined && newAttributes !== attributes) changes.attributes = newAttributes
    const newLlm = llm && this.#llm(llm)
    if (newLlm !== undefined && newLlm !== llm) changes.llm = newLlm
    const newTool = tool && this.#content(tool, 'tool')
    if (newTool !== undefined && newTool !== tool) changes.tool = newTool
    for (const _ in changes) return { ...span, ...changes }
    return span
  }

  outcome(outcome: Outcome): Outcome {
    if (outcome.state !== 'failed') return outcome
    const type = this.plain(outcome.type)
    const message = this.text(outcome.message, 'error.message')
    return type === outcome.type && message === outcome.message ? outcome : { state: 'failed', type, message }
  }

  part(part: Part): Part {
    const { text, ...bare } = part
    return mapFields(text !== undefined && this.#policy === 'none' ? bare : part, (value, key) => {
      if (typeof value !== 'string' || key === 'kind' || key === 'hash') return value
      return key === 'callId' || key === 'media' ? this.plain(value) : this.text(value, `part.${key}`)
    }, this)
  }

  /** What a header or a whole trace says of the run. */
  run<T extends Pick<Trace, 'name' | 'service' | 'tags'>>(run: T): T {
    const { name, service, tags } = run
    return {
      ...run,
      name: this.text(name, 'run.name'),
      ...(service !== undefined && { service: this.plain(service) }),
      ...(tags !== undefined && { tags: mapFields(tags, (tag, key) => (isSecretKey(key) ? MASKED : this.text(tag, `tags.${key}`)), this) }),
    }
  }

  #attributes(attributes: Attributes): Attributes {
    const kept = this.#policy === 'none' && Object.keys(attributes).some((key) => isContentKey(key))
      ? Object.fromEntries(Object.entries(attributes).filter(([key]) => !isContentKey(key)))
      : attributes
    return mapFields(kept, (value, key) => this.#attribute(value, key), this)
  }

  #attribute(value: AttributeValue, key: string): AttributeValue {
    if (typeof value === 'string') return isSecretKey(key) ? MASKED : this.text(value, `attributes.${key}`)
    if (typeof value !== 'object' || !value.some((item) => typeof item === 'string')) return value
    return (value as readonly string[]).map((item) => (isSecretKey(key) ? MASKED : this.text(item, `attributes.${key}`)))
  }

  #llm(llm: LlmDetail): LlmDetail {
    return mapFields(llm, (value, key) => {
      switch (key) {
        case 'usage': return this.#usage(value as NonNullable<LlmDetail['usage']>)
        case 'toolCalls': return eachSame(value as readonly ToolCallRequest[], (call) => this.#content(call, 'toolCall'))
        case 'requestParts': case 'responseParts': return value
        default: return this.#walk(value, PLAIN, 0)
      }
    }, this)
  }

  /** Numbers are no secrets; the provider's own words beside them could hold one. */
  #usage(usage: Usage): Usage {
    const raw = this.#walk(usage.raw, 'usage.raw', 0)
    return raw === usage.raw ? usage : { ...usage, raw }
  }

  /** A tool or a call of one: its arguments and its result are content. */
  #content<T extends ToolDetail | ToolCallRequest>(tool: T, where: string): T {
    const { arguments: args, ...rest } = tool
    const { result, ...bare } = rest as T & { readonly result?: string }
    const isContent = (key: string): boolean => key === 'name' || key === 'arguments' || key === 'result'
    return mapFields(this.#policy === 'none' && (args ?? result) !== undefined ? bare as unknown as T : tool, (value, key) =>
      isContent(key) && typeof value === 'string' ? this.text(value, `${where}.${key}`) : this.#walk(value, PLAIN, 0), this)
  }

  /** All texts inside a value, whatever its shape. Numbers are never touched. */
  #walk(value: unknown, where: string, depth: number): unknown {
    if (typeof value === 'string') return where === PLAIN ? this.plain(value) : this.text(value, where)
    if (typeof value !== 'object' || value === null) return value
    if (depth >= MAX_DEPTH) return MASKED
    if (Array.isArray(value)) return eachSame(value, (item) => this.#walk(item, where, depth + 1))
    return mapFields(value as Readonly<Record<string, unknown>>, (field, key) =>
      typeof field === 'string' && isSecretKey(key) ? MASKED : this.#walk(field, where === PLAIN ? PLAIN : `${where}.${key}`, depth + 1), this)
  }
}

/** The very same list where each item is. */
function eachSame<T>(items: readonly T[], map: (item: T) => T): readonly T[] {
  const mapped = items.map(map)
  return mapped.every((item, i) => item === items[i]) ? items : mapped
}

/** Own fields only, and none of them ever a prototype: names are data. A name that holds a secret is masked like a value. */
function mapFields<T extends object>(fields: T, map: (value: T[keyof T], key: string) => unknown, redactor: Redactor): T {
  let changed: [string, unknown][] | undefined
  const keys = Object.keys(fields)
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const value = fields[key as keyof T]
    const newValue = map(value, key)
    const newKey = redactor.plain(key)
    if (changed === undefined && (newValue !== value || newKey !== key)) changed = keys.slice(0, i).map((before) => [before, fields[before as keyof T]])
    changed?.push([newKey, newValue])
  }
  return changed === undefined ? fields : (Object.fromEntries(changed) as T)
}

/** Traces whose every text went through a redactor. Known by identity: a copy is gone through again, which changes nothing. */
const safe = new WeakSet<Trace>()

/** Says that all texts of `trace`, also those made when they are first read, went through a redactor. */
export const markSafe = (trace: Trace): void => void safe.add(trace)

/**
 * A copy of `trace` that may leave the process. Ids, times and counts stay; a text that a redactor fails on is masked whole.
 * A trace of a profiler, or one read from a run file, needs it only to take texts away that it does record.
 */
export function redactTrace(trace: Trace, policy: ContentPolicy = 'none'): Trace {
  const redactor = new Redactor(policy)
  const { id, name, service, tags, startedAtEpochMs, process, dropped, overheadNs, selfErrors } = trace
  const redacted = redactor.run({
    id,
    name,
    ...(service !== undefined && { service }),
    ...(tags !== undefined && { tags }),
    startedAtEpochMs,
    spans: trace.spans.map((span) => redactor.span(span)),
    parts: trace.parts.map((part) => redactor.part(part)),
    ...(process !== undefined && { process }),
    dropped,
    overheadNs,
    selfErrors,
  })
  shareTexts(trace, redacted)
  markSafe(redacted)
  return redacted
}

/**
 * `trace` itself when its texts went through a redactor, otherwise a copy without what looks like a secret. What is no trace
 * comes back as it is: whoever uses it says so.
 */
export function safeTrace(trace: Trace): Trace {
  if (safe.has(trace) || !Array.isArray(trace?.spans) || !Array.isArray(trace.parts)) return trace
  return redactTrace(trace, 'full')
}
