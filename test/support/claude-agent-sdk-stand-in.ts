import { assistant, event, init, result, scripted, text, toolResult, toolUse, USAGE, type SdkMessage } from './claude-agent-sdk.ts'

/** Stands in for Claude's Agent SDK in the example, which is not installed: as much of it as that uses, about one weather question. */

interface Tool {
  readonly name: string
  readonly run: (args: object, extra: object) => Promise<{ readonly content: readonly object[] }>
}

export const tool = (name: string, _description: string, _schema: object, run: Tool['run']): Tool => ({ name, run })

export const createSdkMcpServer = ({ tools }: { readonly tools: readonly Tool[] }): readonly Tool[] => tools

export const query = scripted(async function* ({ options }, _prompts, here) {
  const [server] = Object.values(options!['mcpServers'] as Readonly<Record<string, readonly Tool[]>>)
  const input = { location: 'Rome' }
  yield init
  yield* answer('msg_1', toolUse('toolu_1', 'mcp__weather__get_weather', input), 'tool_use')
  const { content } = await here(() => server![0]!.run(input, {}))
  yield toolResult('toolu_1', content)
  yield* answer('msg_2', text('It is sunny in Rome.'), 'end_turn')
  yield result({ result: 'It is sunny in Rome.' })
})

function* answer(id: string, block: object, stopReason: string): Generator<SdkMessage, void> {
  yield event({ type: 'message_start', message: { id, model: 'claude-sonnet-4-5', usage: { ...USAGE, output_tokens: 1 } } })
  yield event({ type: 'content_block_delta', index: 0, delta: {} })
  yield assistant(id, block)
  yield event({ type: 'message_delta', delta: { stop_reason: stopReason }, usage: { output_tokens: 30 } })
  yield event({ type: 'message_stop' })
}
