/** An agent that knows nothing of Spanwise. `npx spanwise run -- npx tsx no-code.ts` records it; OPENAI_API_KEY has to be in the environment. */
import OpenAI from 'openai'

const openai = new OpenAI()

const temperatures: Record<string, string> = { 'Seattle, WA': '50 degrees and raining', 'San Francisco, CA': '70 degrees and sunny' }
const tools: OpenAI.ChatCompletionFunctionTool[] = [{
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a given location',
    parameters: { type: 'object', properties: { location: { type: 'string', description: 'The city and state, e.g. Boston, MA' } }, required: ['location'] },
  },
}]

async function answer(question: string): Promise<string | null> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: question }]
  for (;;) {
    const { choices: [choice] } = await openai.chat.completions.create({ model: 'gpt-4o-mini', messages, tools })
    const { message } = choice!
    messages.push(message)
    if (message.tool_calls === undefined) return message.content
    for (const call of message.tool_calls) {
      const { location } = call.type === 'function' ? (JSON.parse(call.function.arguments) as { readonly location: string }) : { location: '' }
      messages.push({ role: 'tool', tool_call_id: call.id, content: temperatures[location] ?? 'unknown' })
    }
  }
}

console.log(await answer("What's the weather in Seattle and San Francisco today?"))
