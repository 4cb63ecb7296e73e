/**
 * A support agent of a travel company, written as it would be without a profiler, but for the marked lines.
 * The clients arrive wrapped (see ../demo.ts); nothing else here knows that it is being watched.
 */
import type Anthropic from '@anthropic-ai/sdk'
import type OpenAI from 'openai'
import type { Profiler } from 'spanwise'
import type { Customer, Services } from './services.ts'
import { toolDefinitions } from './tools.ts'

export interface Ticket {
  readonly customerId: string
  /** Came by mail: nobody waits for the first word of the answer. */
  readonly question: string
  /** Came in the chat, where the customer reads along. */
  readonly chatQuestion: string
}

export interface AgentParts {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly profiler: Profiler
  readonly services: Services
  readonly models: { readonly openai: string; readonly anthropic: string; readonly embedding: string }
}

const MAX_TURNS = 5

/** Works on one ticket and gives back the reply to the customer. */
export function supportAgent({ openai, anthropic, profiler, services, models }: AgentParts, ticket: Ticket): Promise<string> {
  const recall = profiler.memory('recall_customer', services.findCustomer) // memory span
  const searchGuides = profiler.retrieval('search_guides', services.searchGuides) // retrieval span
  const tools: Record<string, (input: never) => unknown> = {
    get_current_weather: profiler.tool('get_current_weather', services.currentWeather), // tool span
    multiply: profiler.tool('multiply', services.multiply), // tool span
  }
  const remember = profiler.memory('remember_note', async (customer: Customer, note: string) => { // memory span
    const { data } = await openai.embeddings.create({ model: models.embedding, input: note })
    await services.saveNote(customer, note, data[0]?.embedding ?? [])
  })

  /** Asks until the model needs no more tools. */
  async function solve(messages: OpenAI.ChatCompletionMessageParam[], stream: boolean): Promise<string> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const request = { model: models.openai, messages, tools: toolDefinitions }
      const completion = stream
        ? await openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion()
        : await openai.chat.completions.create(request)
      // Not the whole message: the stream helper adds a field that the API does not take back.
      const { role, content, tool_calls: calls } = completion.choices[0]!.message
      messages.push({ role, content, ...(calls && { tool_calls: calls }) })
      if (!calls?.length) return content ?? ''
      // One after another, as most agents begin. The report says what that costs.
      for (const call of calls) {
        messages.push({ role: 'tool', tool_call_id: call.id, content: await useTool(call) })
      }
    }
    throw new Error(`the model still asks for tools after ${MAX_TURNS} turns`)
  }

  async function useTool(call: OpenAI.ChatCompletionMessageToolCall): Promise<string> {
    const tool = call.type === 'function' ? tools[call.function.name] : undefined
    if (call.type !== 'function' || tool === undefined) return 'there is no such tool'
    return String(await tool(JSON.parse(call.function.arguments) as never))
  }

  /** Streams the reply. */
  function write(prompt: string): Promise<string> {
    const messages = [{ role: 'user' as const, content: prompt }]
    return anthropic.messages.stream({ model: models.anthropic, max_tokens: 500, messages }).finalText()
  }

  return profiler.run('support-agent', async () => { // the run
    const customer = await recall(ticket.customerId)
    const guides = await searchGuides(ticket.question)
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'system', content: `You help the customers of a travel company. Be brief.\n\n${guides.join('\n')}` },
      { role: 'user', content: ticket.question },
    ]
    const answer = await solve(messages, false)
    messages.push({ role: 'user', content: ticket.chatQuestion })
    const chatAnswer = await solve(messages, true)
    const reply = await write(
      `${customer.name} asked: ${ticket.question} We know: ${answer} At home, in ${customer.home}, it is `
      + `${customer.weatherAtHome}. Compare San Francisco with home, in a few lines.`,
    )
    await remember(customer, `${answer} ${chatAnswer} ${reply}`)
    return reply
  })
}
