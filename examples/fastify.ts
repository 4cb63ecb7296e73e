/** An agent behind Fastify. OPENAI_API_KEY=… SPANWISE_HTTP=1 node fastify.js, then http://localhost:3000/ask?question=…&profile=1 */
import fastify from 'fastify'
import OpenAI from 'openai'
import { profiler } from 'spanwise'
import { profileFastify } from 'spanwise/fastify'
import { wrapOpenAI } from 'spanwise/openai'

const openai = wrapOpenAI(new OpenAI()) // your client, now recorded
const getWeather = profiler.tool('get_current_weather', async ({ location = '' }) => `22 °C and sunny in ${location}`)

const answer = (question: string) => openai.chat.completions.runTools({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: question }],
  tools: [{
    type: 'function',
    function: {
      name: 'get_current_weather',
      description: 'The weather now',
      parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
      function: getWeather,
      parse: JSON.parse,
    },
  }],
}).finalContent()

const app = fastify()
await app.register(profileFastify) // before all others: one in ten requests is logged in one line
app.get<{ Querystring: { question: string } }>('/ask', async ({ query }, reply) => {
  reply.type('text/plain; charset=utf-8')
  return answer(query.question)
})
await app.listen({ port: Number(process.env['PORT'] ?? 3000) })
