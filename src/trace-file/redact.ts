import type { Part } from '../model/message.ts'
import type { Attributes, AttributeValue, LlmDetail, Outcome, Span, ToolDetail, Trace } from '../model/span.ts'
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

/** Where a user's function is not asked. */
const PLAIN = ''
const MAX_KNOWN = 4_096
const MAX_KNOWN_CHARS = 200
const MAX_DEPTH = 64

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
    if (outcome.state === 'failed') changes.outcome = this.#outcome(outcome)
    if (attributes !== undefined) changes.attributes = this.#attributes(attributes)
    if (llm !== undefined) changes.llm = this.#llm(llm)
    if (tool !== undefined) changes.tool = this.#tool(tool)
    for (const _ in changes) return { ...span, ...changes }
    return span
  }

  part(part: Part): Part {
    const { text, ...rest } = part
    const { name, callId, media } = part
    return {
      ...rest,
      ...(name !== undefined && { name: this.text(name, 'part.name') }),
      ...(callId !== undefined && { callId: this.plain(callId) }),
      ...(media !== undefined && { media: this.plain(media) }),
      ...(text !== undefined && this.#policy !== 'none' && { text: this.text(text, 'part.text') }),
    }
  }

  /** What a header or a whole trace says of the run. */
  run<T extends Pick<Trace, 'name' | 'service' | 'tags'>>(run: T): T {
    const { name, service, tags } = run
    return {
      ...run,
      name: this.text(name, 'run.name'),
      ...(service !== undefined && { service: this.plain(service) }),
      ...(tags !== undefined && { tags: mapFields(tags, (tag, key) => (secretKey.test(key) ? MASKED : this.text(tag, `tags.${key}`)), this) }),
    }
  }

  #outcome(outcome: Outcome & { readonly state: 'failed' }): Outcome {
    return { state: 'failed', type: this.plain(outcome.type), message: this.text(outcome.message, 'error.message') }
  }

  #attributes(attributes: Attributes): Attributes {
    const kept = this.#policy === 'none' && Object.keys(attributes).some((key) => contentKey.test(key))
      ? Object.fromEntries(Object.entries(attributes).filter(([key]) => !contentKey.test(key)))
      : attributes
    return mapFields(kept, (value, key) => this.#attribute(value, key), this)
  }

  #attribute(value: AttributeValue, key: string): AttributeValue {
    if (typeof value === 'string') return secretKey.test(key) ? MASKED : this.text(value, `attributes.${key}`)
    if (typeof value !== 'object' || !value.some((item) => typeof item === 'string')) return value
    return (value as readonly string[]).map((item) => (secretKey.test(key) ? MASKED : this.text(item, `attributes.${key}`)))
  }

  #tool(tool: ToolDetail): ToolDetail {
    return this.#content(tool, 'tool')
  }

  #llm(llm: LlmDetail): LlmDetail {
    const { usage, toolCalls, requestParts, responseParts, ...rest } = llm
    return {
      ...(this.#walk(rest, PLAIN, 0) as typeof rest),
      ...(usage !== undefined && { usage: usage.raw === undefined ? usage : { ...usage, raw: this.#walk(usage.raw, 'usage.raw', 0) } }),
      ...(toolCalls !== undefined && { toolCalls: toolCalls.map((call) => this.#content(call, 'toolCall')) }),
      ...(requestParts !== undefined && { requestParts }),
      ...(responseParts !== undefined && { responseParts }),
    }
  }

  /** A tool or a call of one: its arguments and its result are content. */
  #content<T extends { readonly name: string; readonly arguments?: string; readonly result?: string }>(tool: T, where: string): T {
    const { name, arguments: args, result, ...rest } = tool
    const keeps = this.#policy !== 'none'
    return {
      ...this.#walk(rest, PLAIN, 0) as typeof rest,
      name: this.text(name, `${where}.name`),
      ...(keeps && args !== undefined && { arguments: this.text(args, `${where}.arguments`) }),
      ...(keeps && result !== undefined && { result: this.text(result, `${where}.result`) }),
    } as T
  }

  /** All texts inside a value, whatever its shape. Numbers are never touched. */
  #walk(value: unknown, where: string, depth: number): unknown {
    if (typeof value === 'string') return where === PLAIN ? this.plain(value) : this.text(value, where)
    if (typeof value !== 'object' || value === null) return value
    if (depth >= MAX_DEPTH) return MASKED
    if (Array.isArray(value)) return value.map((item) => this.#walk(item, where, depth + 1))
    return mapFields(value as Readonly<Record<string, unknown>>, (field, key) =>
      typeof field === 'string' && secretKey.test(key) ? MASKED : this.#walk(field, where === PLAIN ? PLAIN : `${where}.${key}`, depth + 1), this)
  }
}

/** Own fields only, and none of them ever a prototype: names are data. A name that holds a secret is masked like a value. */
function mapFields<T extends Readonly<Record<string, unknown>>>(fields: T, map: (value: T[string], key: string) => unknown, redactor: Redactor): T {
  let changed: [string, unknown][] | undefined
  const keys = Object.keys(fields)
  for (const [i, key] of keys.entries()) {
    const value = fields[key] as T[string]
    const newValue = map(value, key)
    const newKey = redactor.plain(key)
    if (changed === undefined && (newValue !== value || newKey !== key)) changed = keys.slice(0, i).map((before) => [before, fields[before]])
    changed?.push([newKey, newValue])
  }
  return changed === undefined ? fields : (Object.fromEntries(changed) as T)
}

/**
 * A copy of `trace` that may leave the process. Ids, times and counts stay; a text that a redactor fails on is masked whole.
 * Texts that the trace only lends (for local token counting) do not go along.
 */
export function redactTrace(trace: Trace, policy: ContentPolicy = 'none'): Trace {
  const redactor = new Redactor(policy)
  const { id, name, service, tags, startedAtEpochMs, process, dropped, overheadNs, selfErrors } = trace
  return redactor.run({
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
}
