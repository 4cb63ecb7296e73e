/** An agent loop by hand with one tool: it runs as it is, with OPENAI_API_KEY in the environment. */
import OpenAI from 'openai'
import { profiler, report } from 'spanwise'
import { wrapOpenAI } from 'spanwise/openai'

const openai = wrapOpenAI(new OpenAI()) // your client, now recorded
const searchDocs = profiler.tool('search_docs', async ({ query }: { query: string }) => // your function, now a tool span
  `Orders can be returned within 30 days. (found for: ${query})`)

const tools: OpenAI.ChatCompletionFunctionTool[] = [{
  type: 'function',
  function: {
    name: 'search_docs',
    description: 'Search the help pages',
    parameters: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  },
}]

const answer = await profiler.run('support-agent', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How long can I return an order?' }]
  for (;;) {
    const { choices } = await openai.chat.completions.create({ model: 'gpt-4o-mini', messages, tools })
    const { message } = choices[0]!
    messages.push(message)
    if (!message.tool_calls) return message.content
    for (const call of message.tool_calls) {
      const content = call.type === 'function' ? await searchDocs(JSON.parse(call.function.arguments)) : ''
      messages.push({ role: 'tool', tool_call_id: call.id, content })
    }
  }
})

console.log(answer)
console.log(report(profiler.lastTrace))
