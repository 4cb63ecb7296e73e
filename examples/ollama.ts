/** An agent loop on a local model with one tool: `ollama pull qwen3` first; OLLAMA_HOST says where the server is, if not here. */
import { Ollama, type Message } from 'ollama'
import { profiler, report } from 'spanwise'
import { wrapOllama } from 'spanwise/ollama'

const ollama = wrapOllama(new Ollama({ host: process.env['OLLAMA_HOST'] ?? 'http://127.0.0.1:11434' })) // your client, now recorded
const getWeather = profiler.tool('get_current_weather', async ({ city }: { city?: string }) => // your function, now a tool span
  `22 °C and sunny in ${city}`)

const tools = [{
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather in a city.',
    parameters: { type: 'object', required: ['city'], properties: { city: { type: 'string', description: 'The city name.' } } },
  },
}]

const answer = await profiler.run('weather-agent', async () => {
  const messages: Message[] = [{ role: 'user', content: 'What is the weather in Paris? Use the get_current_weather tool.' }]
  for (;;) {
    const { message } = await ollama.chat({ model: 'qwen3', messages, tools })
    messages.push(message)
    if (!message.tool_calls) return message.content
    for (const { function: call } of message.tool_calls) {
      messages.push({ role: 'tool', tool_name: call.name, content: await getWeather(call.arguments) })
    }
  }
})

console.log(answer)
console.log(report(profiler.lastTrace))
