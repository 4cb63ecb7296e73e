import type { AskedTool, LlmCall, PartDraft, PartKind } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { readHead } from '../shared/head.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'

/**
 * `POST /v1beta/interactions` of the Gemini API. An interaction is a list of steps: what the user put in, thoughts, output, calls of functions
 * and of the server's tools, and their results. Earlier versions of the API called them outputs, and their events those of content.
 * https://ai.google.dev/api/interactions-api
 */

export function readInteractionRequest(call: LlmCall, body: Fields): void {
  call.requestParts(list(body['tools']), readTool)
  const system = text(body['system_instruction'])
  if (system) call.requestText({ kind: 'system', text: system })
  const { input } = body
  for (const one of Array.isArray(input) ? (input as readonly unknown[]) : [input]) {
    if (typeof one === 'string') call.requestText({ kind: 'user', text: one })
    else call.requestParts([one], readStep)
  }
  const previous = text(body['previous_interaction_id'])
  // What the server adds from there is not in the request: its size is known from the usage alone.
  if (previous) call.span.set({ 'gen_ai.request.previous_response.id': previous })
  const max = fields(body['generation_config'])?.['max_output_tokens']
  if (typeof max === 'number') call.draft.maxOutputTokens = max
  const agent = text(body['agent'])
  if (agent) call.span.name = agent
}

function readTool(source: object): PartDraft[] {
  const tool = source as Fields
  return [{ kind: 'tool-definition', text: jsonText(tool), name: text(tool['name']) ?? text(tool['type']) }]
}

/** A step, a turn, or a piece of content of the user's. */
function readStep(source: object): PartDraft[] {
  const step = source as Fields
  const type = text(step['type']) ?? ''
  const kind = type === 'model_output' || step['role'] === 'model' ? 'assistant' : 'user'
  if (step['content'] !== undefined && !type.endsWith('_result')) return readContents(step['content'], kind)
  if (type === 'thought') return readThought(step)
  const tool = /^(.+)_(call|result)$/.exec(type)
  return tool === null ? readContents([step], kind) : [readToolStep(step, tool[1]!, tool[2] === 'call')]
}

function readThought(step: Fields): PartDraft[] {
  const summary = readContents(step['summary'], 'reasoning').map((part) => part.text).join('')
  return summary === '' ? [] : [{ kind: 'reasoning', text: summary }]
}

/** Of the server's own tools the type says the name. */
function readToolStep(step: Fields, type: string, isCall: boolean): PartDraft {
  const name = text(step['name']) ?? (type === 'function' ? undefined : type)
  return isCall
    ? { kind: 'tool-call', text: jsonText(step['arguments']), name, callId: text(step['id']) }
    : { kind: 'tool-result', text: jsonText(step['result'] ?? step['content']), name, callId: text(step['call_id']) }
}

function readContents(contents: unknown, kind: PartKind): PartDraft[] {
  if (typeof contents === 'string') return [{ kind, text: contents }]
  return (Array.isArray(contents) ? (contents as readonly unknown[]) : [contents]).flatMap((one) => readContent(one, kind))
}

function readContent(source: unknown, kind: PartKind): PartDraft[] {
  if (typeof source === 'string') return [{ kind, text: source }]
  const content = fields(source)
  if (content === undefined) return []
  const plain = text(content['text'])
  if (plain !== undefined) return [{ kind, text: plain }]
  const type = text(content['type']) ?? ''
  const sent = text(content['data']) ?? text(content['uri'])
  if (sent === undefined) return [{ kind: 'other', text: jsonText(content) }]
  return [{ kind, text: sent, media: type === 'image' || type === 'audio' ? type : 'file' }]
}

export function readInteractionAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  if (answer === undefined) return
  readEnd(call, answer, answer['usage'], true)
  readSteps(call, [...list(answer['steps']), ...list(answer['outputs'])])
}

function readEnd(call: LlmCall, answer: Fields, told: unknown, isWhole: boolean): void {
  readHead(call, answer)
  const status = text(answer['status'])
  // What goes on in the background is asked for later, and told to whoever asks.
  if (status !== undefined && status !== 'in_progress') call.draft.finishReasons = [status]
  call.usage(readUsage(told, isWhole))
  const error = fields(answer['error'])
  if (status !== 'failed' && error === undefined) return
  call.failure = { state: 'failed', type: String(error?.['code'] ?? error?.['status'] ?? 'failed'), message: text(error?.['message']) ?? 'the interaction failed' }
}

function readSteps(call: LlmCall, steps: readonly unknown[]): void {
  const asked: AskedTool[] = []
  let webSearch = 0
  for (const source of steps) {
    const step = fields(source) ?? {}
    // Of a whole interaction, what the user put in comes back.
    if (step['type'] === 'user_input' || step['type'] === 'function_result') continue
    const parts = readStep({ role: 'model', ...step })
    call.responseParts(parts)
    if (step['type'] === 'google_search_call') webSearch += Math.max(1, list(fields(step['arguments'])?.['queries']).length)
    if (step['type'] !== 'function_call') continue
    for (const { callId: id, name = '', text } of parts) asked.push({ id, name, arguments: text })
  }
  const { usage } = call.draft
  if (usage !== undefined && webSearch > 0) call.usage({ ...usage, requests: { webSearch } })
  call.askedTools(asked)
}

/** A step while it streams: what it began with, and the pieces of its text, its thought or its arguments. */
interface OpenStep {
  readonly step: Fields
  readonly pieces: string[]
}

export function readInteractionStream(call: LlmCall): EventReader {
  const steps = new Map<number, OpenStep>()
  let usage: unknown
  let last: Fields | undefined
  return {
    get complete() {
      return last !== undefined
    },
    event(value) {
      const event = fields(value)
      if (event === undefined) return
      usage = fields(event['metadata'])?.['usage'] ?? usage
      const index = Number(event['index'] ?? 0)
      switch (event['event_type']) {
        case 'step.start':
        case 'content.start':
          return void steps.set(index, { step: fields(event['step']) ?? fields(event['content']) ?? {}, pieces: [] })
        case 'step.delta':
        case 'content.delta':
          return readDelta(call, steps, index, fields(event['delta']) ?? {})
        case 'interaction.completed':
        case 'interaction.complete':
          last = fields(event['interaction']) ?? {}
          return
        case 'error':
          return readEnd(call, event, usage, false)
        default:
          return readHead(call, fields(event['interaction']) ?? {})
      }
    },
    finish() {
      readEnd(call, last ?? {}, last?.['usage'] ?? usage, last !== undefined)
      readSteps(call, [...steps.values()].map(wholeStep))
    },
  }
}

function readDelta(call: LlmCall, steps: Map<number, OpenStep>, index: number, delta: Fields): void {
  let open = steps.get(index)
  if (open === undefined) steps.set(index, (open = { step: { type: delta['type'] }, pieces: [] }))
  const piece = text(delta['text']) ?? text(delta['arguments']) ?? text(fields(delta['content'])?.['text']) ?? text(delta['data'])
  if (!piece) return
  open.pieces.push(piece)
  call.token()
}

function wholeStep({ step, pieces }: OpenStep): Fields {
  const all = pieces.join('')
  if (all === '') return step
  const type = text(step['type']) ?? ''
  if (type === 'thought') return { ...step, summary: all }
  return type.endsWith('_call') ? { ...step, arguments: all } : { type: 'model_output', content: all }
}
