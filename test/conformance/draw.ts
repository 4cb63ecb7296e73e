import type { LlmDetail, Span, Trace, Usage } from 'spanwise'

/**
 * Traces as text, one line a span, indented under its parent:
 *
 *     llm gpt-5-mini ok | openai chat.completions | gpt-5-mini-2025-08-07 chatcmpl-1 stop | in 12+8r out 3+2t | 200 | user > assistant
 *
 * is category, requested model, outcome; provider and API; answering model, response id, finish reasons; `streamed n` for
 * n stream events, with `timed` when first and last token were noted; usage as uncached + cache read (`r`) + cache write
 * (`w`), output as visible + reasoning (`t`), a `?` for what nobody told, `cut` when it is not complete; the status of each
 * attempt with `~` for a wait between; the tool calls that the answer asks for; the kinds of the parts.
 */
export function draw(traces: readonly Trace[]): string {
  return traces.flatMap((trace) => trace.spans.map((span) => drawSpan(span, trace))).join('\n')
}

function drawSpan(span: Span, trace: Trace): string {
  const { outcome } = span
  const state = outcome.state === 'failed' ? `failed ${outcome.type}` : outcome.state
  const head = `${span.category} ${span.name} ${state}${span.late === true ? ' late' : ''}`
  const details = span.llm === undefined ? [] : drawLlm(span.llm, span, trace)
  const tool = span.tool?.callId === undefined ? [] : [`for ${span.tool.callId}`]
  return '  '.repeat(depthOf(span, trace)) + [head, ...details, ...tool].join(' | ')
}

function depthOf(span: Span, trace: Trace): number {
  const parent = trace.spans.find(({ id }) => id === span.parentId)
  return parent === undefined ? 0 : depthOf(parent, trace) + 1
}

function drawLlm(llm: LlmDetail, span: Span, trace: Trace): string[] {
  const answer = [llm.responseModel, llm.responseId, ...(llm.finishReasons ?? [])].filter((text) => text !== undefined)
  const name = llm.requestModel === span.name ? [] : [`asked for ${llm.requestModel ?? 'nothing'}`]
  const max = llm.maxOutputTokens === undefined ? [] : [`max ${llm.maxOutputTokens}`]
  return [
    `${llm.provider} ${llm.api}`,
    ...name,
    ...max,
    ...(answer.length > 0 ? [answer.join(' ')] : []),
    ...(llm.streamed ? [`streamed${llm.chunks === undefined ? '' : ` ${llm.chunks}`}${isTimed(llm, span) ? ' timed' : ''}`] : []),
    drawUsage(llm.usage),
    drawAttempts(llm),
    ...drawAsked(llm),
    drawParts(llm, trace),
  ].filter((text) => text !== '')
}

function isTimed({ firstToken, lastToken }: LlmDetail, { start, end = Infinity }: Span): boolean {
  return firstToken !== undefined && lastToken !== undefined && start <= firstToken && firstToken <= lastToken && lastToken <= end
}

export function drawUsage(usage: Usage | undefined): string {
  if (usage === undefined) return 'no usage'
  const { input, output, requests, extra } = usage
  const bucket = (count: number, mark: string): string => (count === 0 ? '' : `+${count}${mark}`)
  const ttl = Object.entries(input?.cacheWriteByTtl ?? {}).map(([name, count]) => `${name} ${count}`).join(', ')
  return [
    input === undefined ? 'in ?' : `in ${input.uncached}${bucket(input.cacheRead, 'r')}${bucket(input.cacheWrite, 'w')}`,
    ...(ttl === '' ? [] : [`(${ttl})`]),
    output === undefined ? 'out ?' : `out ${output.visible}${bucket(output.reasoning, 't')}`,
    ...(requests?.webSearch === undefined ? [] : [`${requests.webSearch} searches`]),
    ...(requests?.webFetch === undefined ? [] : [`${requests.webFetch} fetches`]),
    ...Object.entries(extra ?? {}).map(([name, count]) => `${name} ${count}`),
    ...(usage.complete ? [] : ['cut']),
    ...(usage.source === 'provider' ? [] : [usage.source]),
  ].join(' ')
}

const drawAttempts = ({ attempts }: LlmDetail): string =>
  (attempts ?? []).map(({ status, error, waitNs }) => `${status ?? error ?? '…'}${waitNs === undefined ? '' : waitNs > 0 ? ' ~' : ' no wait'}`).join(' ')

const drawAsked = ({ toolCalls }: LlmDetail): string[] =>
  toolCalls === undefined ? [] : [`asks ${toolCalls.map(({ name, id, argumentsChars }) => `${name}(${argumentsChars}) ${id ?? 'no id'}`).join(', ')}`]

function drawParts({ requestParts = [], responseParts = [] }: LlmDetail, trace: Trace): string {
  const kinds = (indexes: readonly number[]): string => indexes.map((index) => trace.parts[index]?.kind ?? 'lost').join(' ')
  return requestParts.length + responseParts.length === 0 ? '' : `${kinds(requestParts)} > ${kinds(responseParts)}`.trim()
}

/** A drawing with pieces of it exchanged. Throws for a piece that is not in it: an expectation must not change nothing. */
export function but(drawing: string, changes: Readonly<Record<string, string>>): string {
  let changed = drawing
  for (const [piece, by] of Object.entries(changes)) {
    if (!changed.includes(piece)) throw new Error(`there is no ${JSON.stringify(piece)} in ${changed}`)
    changed = changed.replace(piece, by)
  }
  return changed
}
