import type { Category, Outcome } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import type { AgentsSpan, AgentsTrace } from './shapes.ts'

/** What a span that is neither a call of a model nor a tool is here. Its data is complete at its end. */
interface Described {
  readonly name: string
  readonly category: Category
  readonly attributes: Readonly<Record<string, unknown>>
}

export function describe(data: Fields): Described {
  const name = text(data['name'])
  switch (data['type']) {
    case 'agent': return {
      name: name ?? 'agent',
      category: 'agent',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name,
        'openai.agents.tools': data['tools'], 'openai.agents.handoffs': data['handoffs'], 'openai.agents.output_type': data['output_type'],
      },
    }
    case 'handoff': return internal(`handoff ${text(data['from_agent']) ?? '?'} -> ${text(data['to_agent']) ?? '?'}`)
    case 'guardrail': return internal(`guardrail ${name ?? ''}`.trimEnd(), { 'openai.agents.guardrail.triggered': data['triggered'] })
    case 'mcp_tools': return internal(`list tools ${text(data['server']) ?? ''}`.trimEnd(), {
      'mcp.method.name': 'tools/list', 'openai.agents.mcp.tools': data['result'],
    })
    case 'speech':
    case 'transcription':
    case 'speech_group': return media(data)
    case 'custom': return internal(name ?? 'custom', prefixed('openai.agents.data.', fields(data['data'])))
    default: return internal(name ?? text(data['type']) ?? 'span')
  }
}

const internal = (name: string, attributes: Described['attributes'] = {}): Described => ({ name, category: 'internal', attributes })

/** No calls whose tokens are told: what a voice pipeline does. */
function media(data: Fields): Described {
  const [type, model] = [text(data['type']) ?? '', text(data['model'])]
  return internal(model === undefined ? type : `${type} ${model}`, { 'gen_ai.request.model': model })
}

export function traceAttributes({ traceId, name, groupId, metadata }: AgentsTrace): Readonly<Record<string, unknown>> {
  return {
    'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': name, 'gen_ai.conversation.id': groupId ?? undefined,
    'openai.agents.trace_id': traceId,
    ...prefixed('openai.agents.metadata.', metadata),
  }
}

function prefixed(prefix: string, values: Fields = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))
}

/** Said of an agent that a guardrail stopped: the guardrail did what it is there for, the agent came to nothing. */
const TRIPPED = 'Guardrail tripwire triggered'
const TYPES: ReadonlyMap<string, string> = new Map([[TRIPPED, 'GuardrailTripwireTriggered'], ['Max turns exceeded', 'MaxTurnsExceededError']])
const ABORTED = /^(AbortError|APIUserAbortError)\b|Request was aborted/

/** How a span ended, from what the SDK notes of an error: a message of its own, and the error written out. */
export function outcomeOfSpan({ error, spanData }: Pick<AgentsSpan, 'error' | 'spanData'>): Outcome {
  // Of several handoffs that a model asks for one is done, and the others are noted.
  if (error === null || error === undefined || spanData.type === 'handoff') return { state: 'ok' }
  const said = text(error.data?.['error']) ?? ''
  if (ABORTED.test(said) || ABORTED.test(error.message)) return { state: 'cancelled' }
  const [, named, rest] = /^(\w*(?:Error|Exception|Triggered)): (.*)$/s.exec(said) ?? []
  const guardrail = text(error.data?.['guardrail'])
  const message = guardrail === undefined ? rest ?? (said || error.message) : `${error.message}: ${guardrail}`
  return { state: 'failed', type: named ?? TYPES.get(error.message) ?? 'Error', message }
}

/** What a handoff notes beside. */
export function handoffAttributes({ error }: Pick<AgentsSpan, 'error'>): Readonly<Record<string, unknown>> {
  const requested = list(error?.data?.['requested_agents'])
  return requested.length > 0 ? { 'openai.agents.requested_agents': requested } : {}
}
