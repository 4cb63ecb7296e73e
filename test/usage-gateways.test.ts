import { describe } from 'vitest'
import { events } from './support/fake-client.ts'
import { checkCases, type Case } from './support/usage-cases.ts'

/** Usage of other providers' APIs, posted to through an OpenAI client. */

const gateways: readonly Case[] = [
  [
    'Gemini: thoughts are beside', 'other',
    { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 7, totalTokenCount: 22 } },
    '10 in, 5+7r out',
  ],
  [
    'Gemini: cached tokens are inside, tool use is beside', 'other',
    {
      usageMetadata: {
        promptTokenCount: 10, cachedContentTokenCount: 4, toolUsePromptTokenCount: 3, candidatesTokenCount: 5,
      },
    },
    '9+4r in, 5 out',
  ],
  [
    'Gemini: each event counts all so far', 'other',
    events(
      { usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 } },
      { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } },
    ),
    '10 in, 5 out',
  ],
  ['Gemini: only thoughts', 'other', { usageMetadata: { promptTokenCount: 10, thoughtsTokenCount: 7 } }, '10 in, 0+7r out'],
  [
    'Vertex: a list of events', 'other',
    [{ usageMetadata: { promptTokenCount: 10 } }, { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 } }],
    '10 in, 5 out',
  ],
  [
    'Gemini interactions', 'other',
    {
      usage: {
        total_input_tokens: 10, total_cached_tokens: 4, total_output_tokens: 5, total_thought_tokens: 7,
        total_tool_use_tokens: 0,
      },
    },
    '6+4r in, 5+7r out',
  ],
  [
    'Gemini interactions, streamed', 'other',
    events({
      event_type: 'interaction.completed', interaction: { usage: { total_input_tokens: 10, total_output_tokens: 5 } },
    }),
    '10 in, 5 out',
  ],
  [
    'Bedrock: cached tokens are beside', 'other',
    { usage: { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 30, cacheWriteInputTokens: 20 } },
    '10+30r+20w in, 5 out',
  ],
  [
    'Bedrock, streamed', 'other',
    events({ metadata: { usage: { inputTokens: 10, outputTokens: 5 } } }, { messageStop: {} }), '10 in, 5 out',
  ],
  ['Titan', 'other', { inputTextTokenCount: 10, results: [{ tokenCount: 5, outputText: 'Hi' }] }, '10 in, 5 out'],
  [
    'Cohere: what is billed', 'other',
    {
      usage: {
        billed_units: { input_tokens: 8, output_tokens: 5 }, tokens: { input_tokens: 1394, output_tokens: 9 },
        cached_tokens: 1360,
      },
    },
    '8 in, 5 out',
  ],
  [
    'Cohere, streamed', 'other',
    events({ type: 'message-end', delta: { usage: { billed_units: { input_tokens: 8, output_tokens: 5 } } } }),
    '8 in, 5 out',
  ],
  ['Cohere 1', 'other', { text: 'Hi', meta: { tokens: { input_tokens: 8, output_tokens: 5 } } }, '8 in, 5 out'],
  ['Ollama', 'other', { message: {}, done: true, prompt_eval_count: 10, eval_count: 5 }, '10 in, 5 out'],
  ['Ollama: a prompt that was still in memory', 'other', { done: true, eval_count: 5 }, '? in, 5 out'],
  [
    'Ollama: a text with a document a line', 'other',
    '{"done":false}\n{"done":true,"prompt_eval_count":10,"eval_count":5}\n', '10 in, 5 out',
  ],
  [
    'events read as text', 'other',
    'data: {"choices":[]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n',
    '10 in, 5 out',
  ],
  [
    'watsonx: the input is told once', 'other',
    events(
      { results: [{ input_token_count: 10, generated_token_count: 0 }] },
      { results: [{ input_token_count: 0, generated_token_count: 5 }] },
    ),
    '10 in, 5 out',
  ],
  ['TGI tells the output', 'other', [{ generated_text: 'Hi', details: { generated_tokens: 5, tokens: [] } }], '? in, 5 out'],
  ['units that are no tokens', 'other', { usage: { contentPolicyUnits: 1 } }, '? in, ? out, incomplete'],
  ['a text', 'other', 'Hello', 'nothing'],
]

describe('other APIs behind an OpenAI client', () => {
  checkCases(gateways)
})
