import type { Category, Outcome } from '../../src/kit.ts'
import { fields, text } from '../shared/json.ts'
import { attributesOf, nameOf, type MastraSpan } from './shapes.ts'

/** Spans that are tools here. A tool of the client runs elsewhere: what is told of it is that it was asked for. */
export const TOOLS: ReadonlySet<string> = new Set(['tool_call', 'mcp_tool_call', 'provider_tool_call'])

interface Described {
  readonly name: string
  readonly category: Category
  readonly attributes: Readonly<Record<string, unknown>>
}

/** What a span that is neither a call of a model nor a tool is here. */
export function describe(span: MastraSpan): Described {
  const attributes = attributesOf(span)
  const name = nameOf(span)
  switch (span.type) {
    case 'agent_run': return {
      name,
      category: 'agent',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name, 'gen_ai.conversation.id': conversationOf(span),
        'mastra.run_id': fields(span.metadata)?.['runId'], 'mastra.tripwire': fields(attributes['tripwireAbort'])?.['reason'],
      },
    }
    case 'workflow_run': return {
      name,
      category: 'internal',
      attributes: { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.workflow.name': name, 'mastra.status': attributes['status'], 'mastra.run_id': fields(span.metadata)?.['runId'] },
    }
    case 'memory_operation': return plain(span, text(attributes['operationType']) ?? name, 'memory')
    case 'rag_vector_operation': return plain(span, text(attributes['indexName']) ?? name, attributes['operation'] === 'query' ? 'retrieval' : 'memory')
    case 'scorer_run':
    case 'scorer_step': return plain(span, name, 'evaluator')
    // Their entity is the agent or workflow around them.
    case 'workflow_step': return plain(span, name)
    default: return plain(span, span.name)
  }
}

const plain = (span: MastraSpan, name: string, category: Category = 'internal'): Described => ({
  name, category, attributes: Object.fromEntries(Object.entries(attributesOf(span)).map(([key, value]) => [`mastra.${key}`, value])),
})

const conversationOf = (span: MastraSpan): string | undefined => text(attributesOf(span)['conversationId']) ?? text(fields(span.metadata)?.['threadId'])

/** A run that waits for somebody is no failure. */
export function outcomeOfSpan(span: MastraSpan): Outcome {
  const { errorInfo } = span
  const attributes = attributesOf(span)
  if (errorInfo?.name === 'AbortError') return { state: 'cancelled' }
  if (errorInfo !== undefined) return { state: 'failed', type: errorInfo.name ?? errorInfo.id ?? 'Error', message: String(errorInfo.message) }
  if (fields(span.output)?.['status'] === 'aborted' || attributes['status'] === 'canceled') return { state: 'cancelled' }
  return attributes['success'] === false ? { state: 'failed', type: 'ToolFailed', message: 'the tool told no success' } : { state: 'ok' }
}
