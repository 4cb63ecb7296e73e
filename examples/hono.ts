/** An agent behind Hono. OPENAI_API_KEY=… SPANWISE_HTTP=1 node hono.js, then http://localhost:3000/ask?question=…&profile=1 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import OpenAI from 'openai'
import { profiler } from 'spanwise'
import { profileHono } from 'spanwise/hono'
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

const app = new Hono()
app.use(profileHono()) // before all others: one in ten requests is logged in one line
app.get('/ask', async (c) => c.text(await answer(c.req.query('question') ?? '') ?? ''))
serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) })
