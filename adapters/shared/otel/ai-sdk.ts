import { AGENT, CHAT, EMBEDDING, INTERNAL, RETRIEVAL, TOOL, type AttributeSet, type Kind } from './attribute-set.ts'

/** The user's call; each step below it is a span of its own with its own tokens. */
const OUTER: Kind = { ...AGENT, repeatsUsage: true }
const OUTER_INTERNAL: Kind = { ...INTERNAL, repeatsUsage: true }

/** Vercel's AI SDK with `experimental_telemetry`, versions 3 to 6. */
export const aiSdk: AttributeSet = {
  name: 'AI SDK',
  kinds: [{
    key: 'ai.operationId',
    values: {
      'ai.generateText': OUTER,
      'ai.streamText': OUTER,
      'ai.generateObject': OUTER,
      'ai.streamObject': OUTER,
      'ai.generateText.doGenerate': CHAT,
      'ai.streamText.doStream': { ...CHAT, streamed: true },
      'ai.generateObject.doGenerate': CHAT,
      'ai.streamObject.doStream': { ...CHAT, streamed: true },
      'ai.toolCall': TOOL,
      'ai.embed': OUTER_INTERNAL,
      'ai.embedMany': OUTER_INTERNAL,
      'ai.embed.doEmbed': EMBEDDING,
      'ai.embedMany.doEmbed': EMBEDDING,
      'ai.rerank': OUTER_INTERNAL,
      'ai.rerank.doRerank': RETRIEVAL,
    },
  }],
  provider: ['ai.model.provider'],
  requestModel: ['ai.model.id'],
  responseModel: ['ai.response.model'],
  responseId: ['ai.response.id'],
  finishReasons: ['ai.response.finishReason', 'ai.finishReason'],
  maxOutputTokens: ['ai.settings.maxOutputTokens', 'ai.settings.maxTokens'],
  firstToken: [{ key: 'ai.response.msToFirstChunk', unit: 'ms' }, { key: 'ai.stream.msToFirstChunk', unit: 'ms' }],
  toolName: ['ai.toolCall.name'],
  toolCallId: ['ai.toolCall.id'],
  toolArguments: ['ai.toolCall.args'],
  toolResult: ['ai.toolCall.result'],
  usage: {
    input: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
    cacheRead: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens'],
    cacheWrite: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
    output: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
    reasoning: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
    total: ['ai.usage.totalTokens'],
    inputCounts: 'inclusive',
  },
  tools: ['ai.prompt.tools'],
  request: ['ai.prompt.messages', 'ai.values', 'ai.value'],
  response: [
    'ai.response.text', 'ai.response.object', 'ai.response.toolCalls', 'ai.result.text', 'ai.result.object', 'ai.result.toolCalls',
  ],
  content: [
    'ai.prompt', 'ai.prompt.toolChoice', 'ai.response.reasoning', 'ai.response.files',
    'ai.toolCall.args', 'ai.toolCall.result', 'ai.schema', 'ai.embedding', 'ai.embeddings', 'ai.documents', 'ai.ranking',
    'ai.request.headers.*',
  ],
}
