/** A service with an agent in it. OPENAI_API_KEY=… SPANWISE_HTTP=1 node http.js, then http://localhost:3000/ask?question=…&profile=1 */
import { createServer } from 'node:http'
import OpenAI from 'openai'
import { profiler } from 'spanwise'
import { profileHttp } from 'spanwise/http'
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

const server = createServer(profileHttp(async (request, response) => { // your listener: one in ten requests is logged in one line
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname !== '/ask') return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(await answer(searchParams.get('question') ?? ''))
  } catch (error) {
    response.writeHead(502).end(String(error))
  }
}))
server.listen(process.env['PORT'] ?? 3000)
