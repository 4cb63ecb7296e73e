import type { Attributes, AttributeValue, Outcome, Resources, ToolCallRequest, ToolDetail, Trace } from '../../../src/model/span.ts'
import { inputInclusive, outputInclusive, tokenCount, type Usage } from '../../../src/model/usage.ts'
import { fields, list, type Fields } from '../../shared/json.ts'
import { parseJson } from '../../shared/otel/parse-json.ts'
import { asNumber, field, readAttributes, toAttribute, type AttributeMap } from '../../shared/otel/values.ts'
import type { FoundAttempt, FoundLlm, FoundSpan, FoundTrace } from '../shared/found.ts'

/** The scope of what Spanwise's own report writes. */
export const OWN_SCOPE = 'spanwise'

/** What stands around a span's attributes, already read. */
export interface OwnPlace {
  readonly span: Fields
  readonly id: string
  readonly parent: string | undefined
  readonly name: string
  readonly startNs: bigint
  readonly endNs: bigint | undefined
}

/** A span as it was recorded, from a span that Spanwise wrote; `docs/formats.md` says what is not in it. */
export function readOwnSpan(place: OwnPlace, written: AttributeMap): FoundSpan {
  const { span, id, parent, startNs, endNs } = place
  const { ours, users } = separate(written)
  const linked = linksOf(span)
  const tool = toolOf(ours, linked.get('issued_by')?.[0])
  const llm = callOf(ours, span, startNs)
  const dependsOn = linked.get('depends_on')
  const outcome = outcomeOf(ours, span)
  return {
    key: id, parent, startNs, isExact: true,
    // What is open was written with the run's end.
    endNs: outcome.state === 'open' ? undefined : endNs,
    name: textOf(ours, 'spanwise.name') ?? place.name,
    category: textOf(ours, 'spanwise.category') ?? 'internal',
    outcome,
    attributes: users,
    dependsOn,
    resources: resourcesOf(ours),
    ...(llm && { llm }),
    ...(tool && { tool }),
  }
}

/** As far apart as times of one run may be, so that their sum is still a whole number. */
const MAX_OFFSET_NS = 2 ** 52

/** Of the run, from its first span. Undefined when the span is not that. */
export function readOwnRun(written: AttributeMap, resource: AttributeMap, startNs: bigint): Omit<FoundTrace, 'key' | 'spans' | 'service'> | undefined {
  const { ours } = separate(written)
  const name = textOf(ours, 'spanwise.run.name')
  if (name === undefined) return undefined
  const said = wholeOf(ours, 'spanwise.run.first_span_ns') ?? 0
  const offset = said <= MAX_OFFSET_NS ? said : 0
  const tags = under(ours, 'spanwise.tag.', (value) => (typeof value === 'string' ? value : undefined))
  const attributes = wholeOf(ours, 'spanwise.dropped.attributes')
  const process = processOf(resource)
  const recorded: Partial<Trace> = {
    ...(process && { process }),
    dropped: {
      spans: wholeOf(ours, 'spanwise.dropped.spans') ?? 0,
      contentChars: wholeOf(ours, 'spanwise.dropped.content_chars') ?? 0,
      parts: wholeOf(ours, 'spanwise.dropped.parts') ?? 0,
      ...(attributes !== undefined && { attributes }),
    },
    overheadNs: numberOf(ours, 'spanwise.overhead_ns') ?? 0,
    selfErrors: wholeOf(ours, 'spanwise.self_errors') ?? 0,
  }
  return { name, tags, originNs: startNs < BigInt(offset) ? 0n : startNs - BigInt(offset), recorded }
}

function processOf(resource: AttributeMap): Trace['process'] {
  const pid = wholeOf(resource, 'process.pid')
  const runtime = textOf(resource, 'process.runtime.description')
  const platform = textOf(resource, 'os.description')
  return pid === undefined || runtime === undefined || platform === undefined ? undefined : { pid, runtime, platform }
}

/** Names that the report writes are its own, but for those that it says the user had set. */
function separate(written: AttributeMap): { readonly ours: AttributeMap; readonly users: Attributes | undefined } {
  const listed = new Set(list(written.get('spanwise.attributes')))
  const ours = new Map<string, unknown>()
  const users: [string, AttributeValue][] = []
  for (const [key, value] of written) {
    const isOurs = /^(gen_ai|spanwise)\.|^error\.type$/.test(key) && !listed.has(key)
    const replaced = isOurs && key.startsWith('spanwise.attribute.')
    if (isOurs && !replaced) {
      ours.set(key, value)
      continue
    }
    const attribute = attributeOf(value)
    if (attribute !== undefined) users.push([replaced ? key.slice('spanwise.attribute.'.length) : key, attribute])
  }
  return { ours, users: users.length === 0 ? undefined : Object.fromEntries(users) }
}

/** Those of a recording are within its limits already. */
function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    if (items.every((item) => typeof item === 'string')) return items
    if (items.every((item): item is number => Number.isFinite(item))) return items
  }
  return toAttribute(value)
}

function outcomeOf(ours: AttributeMap, span: Fields): Outcome {
  const said = ours.get('spanwise.outcome')
  if (said === 'open' || said === 'cancelled') return { state: said }
  const status = fields(span['status'])
  if (status?.['code'] !== 2) return { state: 'ok' }
  const message = status?.['message']
  return { state: 'failed', type: textOf(ours, 'error.type') ?? 'Error', message: typeof message === 'string' ? message : '' }
}

function linksOf(span: Fields): ReadonlyMap<unknown, string[]> {
  const links = new Map<unknown, string[]>()
  for (const one of list(span['links'])) {
    const link = fields(one)
    const id = field(link, 'spanId')
    const reason = readAttributes(link?.['attributes']).get('spanwise.link')
    if (typeof id !== 'string') continue
    const before = links.get(reason)
    if (before === undefined) links.set(reason, [id])
    else before.push(id)
  }
  return links
}

function toolOf(ours: AttributeMap, issuedBy: string | undefined): ToolDetail | undefined {
  const name = textOf(ours, 'gen_ai.tool.name')
  if (name === undefined) return undefined
  const [callId, yielded] = [textOf(ours, 'gen_ai.tool.call.id'), wholeOf(ours, 'spanwise.tool.yielded')]
  return {
    name,
    ...(callId !== undefined && { callId }),
    ...(issuedBy !== undefined && { issuedBy }),
    ...(yielded !== undefined && { yielded }),
  }
}

function callOf(ours: AttributeMap, span: Fields, startNs: bigint): FoundLlm | undefined {
  const provider = textOf(ours, 'gen_ai.provider.name')
  if (provider === undefined) return undefined
  const operation = textOf(ours, 'gen_ai.operation.name') ?? 'chat'
  const [requestModel, responseModel] = [textOf(ours, 'gen_ai.request.model'), textOf(ours, 'gen_ai.response.model')]
  const responseId = textOf(ours, 'gen_ai.response.id')
  const finishReasons = list(ours.get('gen_ai.response.finish_reasons')).filter((one) => typeof one === 'string')
  const [maxOutputTokens, chunks] = [wholeOf(ours, 'gen_ai.request.max_tokens'), wholeOf(ours, 'spanwise.llm.chunks')]
  const first = numberOf(ours, 'gen_ai.response.time_to_first_chunk')
  const last = wholeOf(ours, 'spanwise.llm.last_token_ns')
  const toolCalls = toolCallsOf(ours)
  const attempts = list(span['events']).flatMap((event) => attemptOf(fields(event)) ?? [])
  const usage = usageOf(ours)
  return {
    provider, operation,
    api: textOf(ours, 'spanwise.llm.api') ?? operation,
    streamed: ours.get('gen_ai.request.stream') === true,
    ...(requestModel !== undefined && { requestModel }),
    ...(responseModel !== undefined && { responseModel }),
    ...(responseId !== undefined && { responseId }),
    ...(finishReasons.length > 0 && { finishReasons }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(chunks !== undefined && { chunks }),
    ...(first !== undefined && first >= 0 && first < 1e7 && { firstTokenNs: startNs + BigInt(Math.round(first * 1e9)) }),
    ...(last !== undefined && { lastTokenNs: startNs + BigInt(last) }),
    ...(toolCalls.length > 0 && { toolCalls }),
    ...(attempts.length > 0 && { attempts }),
    ...(usage && { usage }),
    request: [], response: [],
  }
}

function toolCallsOf(ours: AttributeMap): ToolCallRequest[] {
  return list(parseJson(textOf(ours, 'spanwise.llm.tool_calls') ?? '')).flatMap((one) => {
    const said = fields(one)
    const [id, name, argumentsChars] = [said?.['id'], said?.['name'], tokenCount(said?.['argumentsChars'])]
    if (typeof name !== 'string' || argumentsChars === undefined) return []
    return [{ ...(typeof id === 'string' && { id }), name, argumentsChars }]
  })
}

function attemptOf(event: Fields | undefined): FoundAttempt | undefined {
  const time = field(event, 'timeUnixNano')
  if (event?.['name'] !== 'spanwise.attempt' || typeof time !== 'string' || !/^\d{1,19}$/.test(time)) return undefined
  const said = readAttributes(event['attributes'])
  const status = wholeOf(said, 'http.response.status_code')
  const error = textOf(said, 'error.type')
  const times = {
    firstByte: wholeOf(said, 'spanwise.attempt.first_byte_ns'),
    end: wholeOf(said, 'spanwise.attempt.duration_ns'),
    waitNs: wholeOf(said, 'spanwise.attempt.wait_ns'),
  }
  return {
    startNs: BigInt(time),
    ...(times.firstByte !== undefined && { firstByte: times.firstByte }),
    ...(times.end !== undefined && { end: times.end }),
    ...(status !== undefined && { status }),
    // The conventions have a status that is one stand there too.
    ...(error !== undefined && error !== String(status) && { error }),
    ...(times.waitNs !== undefined && { waitNs: times.waitNs }),
  }
}

function usageOf(ours: AttributeMap): Usage | undefined {
  const complete = ours.get('spanwise.usage.complete')
  if (typeof complete !== 'boolean') return undefined
  const isEstimate = ours.get('spanwise.usage.source') === 'estimated'
  const count = (name: string): number | undefined => wholeOf(ours, `${isEstimate ? 'spanwise' : 'gen_ai'}.usage.${name}`)
  const byTtl = under(ours, 'spanwise.usage.cache_write_by_ttl.', tokens)
  const input = inputInclusive({
    input: count('input_tokens'),
    cacheRead: count('cache_read.input_tokens'),
    cacheWrite: count('cache_write.input_tokens') ?? count('cache_creation.input_tokens'),
    cacheWriteByTtl: byTtl,
  })
  const output = outputInclusive({ output: count('output_tokens'), reasoning: count('reasoning.output_tokens') })
  const webSearch = wholeOf(ours, 'spanwise.usage.web_search_requests')
  const webFetch = wholeOf(ours, 'spanwise.usage.web_fetch_requests')
  const extra = under(ours, 'spanwise.usage.extra.', tokens)
  const raw = parseJson(textOf(ours, 'spanwise.usage.raw') ?? '')
  return {
    ...(input && { input }), ...(output && { output }),
    ...((webSearch ?? webFetch) !== undefined && {
      requests: { ...(webSearch !== undefined && { webSearch }), ...(webFetch !== undefined && { webFetch }) },
    }),
    ...(extra && { extra }),
    complete, source: isEstimate ? 'estimated' : 'provider',
    ...(raw !== undefined && { raw }),
  }
}

const RESOURCES = ['cpu_user_ns', 'cpu_system_ns', 'rss_start_bytes', 'rss_end_bytes', 'heap_start_bytes', 'heap_end_bytes'] as const

function resourcesOf(ours: AttributeMap): Resources | undefined {
  const read = (name: string): number | undefined => numberOf(ours, `spanwise.resources.${name}`)
  const [cpuUserNs, cpuSystemNs, rssStartBytes, rssEndBytes, heapStartBytes, heapEndBytes] = RESOURCES.map(read)
  if (cpuUserNs === undefined || cpuSystemNs === undefined || rssStartBytes === undefined || rssEndBytes === undefined) return undefined
  if (heapStartBytes === undefined || heapEndBytes === undefined) return undefined
  const [eventLoopDelayMaxNs, eventLoopDelayMeanNs] = [read('event_loop_delay_max_ns'), read('event_loop_delay_mean_ns')]
  return {
    cpuUserNs, cpuSystemNs, rssStartBytes, rssEndBytes, heapStartBytes, heapEndBytes,
    ...(eventLoopDelayMaxNs !== undefined && { eventLoopDelayMaxNs }),
    ...(eventLoopDelayMeanNs !== undefined && { eventLoopDelayMeanNs }),
  }
}

/** The attributes whose names begin so, by what follows; undefined when there is none. */
function under<T>(ours: AttributeMap, prefix: string, read: (value: unknown) => T | undefined): Readonly<Record<string, T>> | undefined {
  const found = [...ours].flatMap(([key, value]) => {
    const one = key.startsWith(prefix) ? read(value) : undefined
    return one === undefined ? [] : [[key.slice(prefix.length), one] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

const tokens = (value: unknown): number | undefined => tokenCount(asNumber(value))

function textOf(from: AttributeMap, key: string): string | undefined {
  const value = from.get(key)
  return typeof value === 'string' ? value : undefined
}

function numberOf(from: AttributeMap, key: string): number | undefined {
  const value = asNumber(from.get(key))
  return value === undefined || !Number.isFinite(value) ? undefined : value
}

const wholeOf = (from: AttributeMap, key: string): number | undefined => tokenCount(numberOf(from, key))
