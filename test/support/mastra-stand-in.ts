import type { SpanwiseExporter } from '../../adapters/mastra.ts'
import { MastraTracer, runMastraAgent } from './mastra.ts'

/** Stands in for Mastra's packages in the example, which are not installed: as much of them as it uses, telling of one weather question. */

interface Config {
  readonly exporters?: readonly SpanwiseExporter[]
  readonly bridge?: SpanwiseExporter
}

interface Tool {
  readonly execute: (input: never) => Promise<unknown>
}

export class Observability {
  readonly tracer: MastraTracer

  constructor({ configs }: { readonly configs: Readonly<Record<string, Config>> }) {
    this.tracer = new MastraTracer(configs['default']!)
  }
}

export const createTool = (tool: Tool): Tool => tool

export class Agent {
  tracer: MastraTracer | undefined
  readonly #config: { readonly name: string; readonly model: string; readonly tools: Readonly<Record<string, Tool>> }

  constructor(config: { readonly name: string; readonly model: string; readonly tools: Readonly<Record<string, Tool>> }) {
    this.#config = config
  }

  async generate(prompt: string): Promise<{ readonly text: string }> {
    const { name, model, tools } = this.#config
    const text = await runMastraAgent(this.tracer!, {
      name, prompt, model: model.replace('openai/', ''), inferences: true,
      tools: Object.fromEntries(Object.entries(tools).map(([id, { execute }]) => [id, execute])),
      answers: [
        { toolCalls: [{ toolCallId: 'call_1', toolName: 'get_weather', args: { location: 'Rome' } }], usage: { inputTokens: 60, outputTokens: 15 } },
        { text: 'It is sunny in Rome.', usage: { inputTokens: 95, outputTokens: 9 } },
      ],
    })
    return { text }
  }
}

export class Mastra {
  readonly #agents: Readonly<Record<string, Agent>>

  constructor({ agents, observability }: { readonly agents: Readonly<Record<string, Agent>>; readonly observability: Observability }) {
    this.#agents = agents
    for (const agent of Object.values(agents)) agent.tracer = observability.tracer
  }

  getAgent(name: string): Agent {
    return this.#agents[name]!
  }
}
