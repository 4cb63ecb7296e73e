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
  }
}
