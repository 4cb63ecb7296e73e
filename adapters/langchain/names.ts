import { at, fields, list, text, type Fields } from '../shared/json.ts'
import { providerAt } from '../shared/provider.ts'

/** What LangChain tells at the start of a chain, in the order in which it tells it. */
export interface ChainStart {
  readonly serialized: unknown
  readonly tags: readonly string[]
  readonly metadata: Fields
  readonly runType: string | undefined
  readonly runName: string | undefined
}

/** The class of what runs: `ChatOpenAI`, the last part of its id. */
export function classOf(serialized: unknown): string | undefined {
  try {
    return text(list(fields(serialized)?.['id']).at(-1))
  } catch {
    return undefined
  }
}

export const nameOf = (serialized: unknown, runName: unknown): string => text(runName) || (classOf(serialized) ?? 'unknown')

/** A node of a graph, or a task of a workflow; not what runs inside it, which has the same metadata. */
const isNode = ({ tags, metadata, runName }: ChainStart): boolean =>
  runName !== undefined && metadata['langgraph_node'] === runName && tags.some((tag) => tag.startsWith('graph:step:'))

const AGENTS = new Set([
  'CompiledStateGraph', 'CompiledGraph', 'CompiledMessageGraph', 'Pregel', 'LangGraph', 'RemoteGraph', 'ReactAgent', 'AgentExecutor',
])

export const isAgent = ({ serialized }: ChainStart): boolean => AGENTS.has(classOf(serialized) ?? '')

/** What LangChain and LangGraph put between the steps of a program. */
const PLUMBING = new Set([
  'RunnableSequence', 'RunnableMap', 'RunnableParallel', 'RunnableLambda', 'RunnablePassthrough', 'RunnableAssign', 'RunnablePick',
  'RunnableBranch', 'RunnableEach', 'RouterRunnable', 'RunnableWithFallbacks', 'RunnableWithMessageHistory', 'RunnableGenerator',
  'RunnableBinding', 'RunnableConfigurableFields',
])
/** Wrappers that take over the name of what they wrap, and so say it twice; and LangGraph's own functions. */
const ALWAYS_PLUMBING = new Set(['RunnableRetry', 'RunnableCallable', 'ChannelWrite', 'ChannelRead', 'PregelNode'])
const PLUMBING_NAME = /^(ChannelWrite|ChannelRead|Branch)</

/**
 * Whether a chain is plumbing: hidden by LangGraph, without a name of its own, or a prompt or parser, which take no time.
 * A parser of a stream even seems to take as long as the model that it waits for.
 */
export function isPlumbing(start: ChainStart): boolean {
  const { serialized, tags, metadata, runType, runName } = start
  if (tags.includes('langsmith:hidden')) return true
  if (isNode(start)) return false
  const type = classOf(serialized)
  const isNamed = runName !== undefined && runName !== '' && runName !== type && !PLUMBING.has(runName)
  if (type !== undefined && ALWAYS_PLUMBING.has(type)) return true
  if (!isNamed) return runType === 'prompt' || runType === 'parser' || (type !== undefined && PLUMBING.has(type))
  // The prebuilt agent's own step that puts the prompt before the messages.
  return PLUMBING_NAME.test(runName) || (runName === 'prompt' && metadata['langgraph_node'] !== undefined)
}

/** Attributes that a chain's span gets from LangGraph's metadata. */
export function chainAttributes(start: ChainStart): Fields {
  const { metadata } = start
  return {
    ...(isNode(start) && {
      langgraph_node: metadata['langgraph_node'],
      langgraph_step: metadata['langgraph_step'],
    }),
    ...conversation(metadata),
  }
}

/** OpenTelemetry's name for the thread. */
export function conversation(metadata: Fields): Fields {
  const id = metadata['thread_id'] ?? metadata['session_id'] ?? metadata['conversation_id']
  return typeof id === 'string' || typeof id === 'number' ? { 'gen_ai.conversation.id': String(id) } : {}
}

/** OpenTelemetry's names of providers, by LangSmith's. */
const PROVIDERS: Readonly<Record<string, string>> = {
  azure: 'azure.ai.openai', google_genai: 'gcp.gemini', 'google-genai': 'gcp.gemini', google: 'gcp.gemini', gemini: 'gcp.gemini',
  google_vertexai: 'gcp.vertex_ai', 'google-vertexai': 'gcp.vertex_ai', vertexai: 'gcp.vertex_ai', mistral: 'mistral_ai', mistralai: 'mistral_ai',
  amazon_bedrock: 'aws.bedrock', bedrock: 'aws.bedrock', xai: 'x_ai', ibm: 'ibm.watsonx.ai', watsonx: 'ibm.watsonx.ai',
}

/** By the address that the model was made with, where that tells it; models of OpenAI's kind serve many providers. */
export function providerOf(serialized: unknown, metadata: Fields): string {
  try {
    const byAddress = providerAt(at(serialized, 'kwargs.configuration.baseURL'))
    if (byAddress !== undefined) return byAddress
  } catch {
    // What it was made with is the user's, and may refuse to be read.
  }
  const name = text(metadata['ls_provider'])?.toLowerCase() ?? 'unknown'
  return PROVIDERS[name] ?? name
}
