/** Packages that the examples show and that are too large to be installed for them, as far as the examples use them. */

declare module '@mastra/core/agent' {
  export class Agent {
    constructor(config: { id: string; name: string; instructions: string; model: string; tools?: Record<string, unknown> })
    generate(prompt: string): Promise<{ text: string }>
  }
}

declare module '@mastra/core/mastra' {
  import type { Agent } from '@mastra/core/agent'

  export class Mastra {
    constructor(config: { agents: Record<string, Agent>; observability: unknown })
    getAgent(name: string): Agent
  }
}

declare module '@mastra/core/tools' {
  export function createTool<Input>(config: {
    id: string
    description: string
    inputSchema: { parse(value: unknown): Input }
    execute: (input: Input) => Promise<unknown>
  }): unknown
}

declare module '@mastra/observability' {
  export class Observability {
    constructor(config: { configs: Record<string, { serviceName: string; exporters?: object[]; bridge?: object }> })
    shutdown(): Promise<void>
  }
}

declare module '@anthropic-ai/claude-agent-sdk' {
  type Result = Promise<{ content: { type: 'text'; text: string }[] }>

  type Message = { type: 'assistant' | 'user' | 'system' | 'stream_event' }
    | { type: 'result'; subtype: 'success'; result: string } | { type: 'result'; subtype: 'error_during_execution' }

  export interface Query extends AsyncGenerator<Message, void> {
    interrupt(): Promise<void>
  }

  export function tool<Shape extends object>(
    name: string, description: string, inputSchema: Shape,
    handler: (args: { [Key in keyof Shape]: Shape[Key] extends { parse(value: unknown): infer Value } ? Value : never }, extra: unknown) => Result,
  ): { readonly name: string }

  export function createSdkMcpServer(options: { name: string; version?: string; tools?: readonly { readonly name: string }[] }): object
  export function query(params: { prompt: string | AsyncIterable<object>; options?: Record<string, unknown> }): Query
}
