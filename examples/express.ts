/** An agent behind Express. OPENAI_API_KEY=… SPANWISE_HTTP=1 node express.js, then http://localhost:3000/ask?question=…&profile=1 */
import express from 'express'
import OpenAI from 'openai'
import { profiler } from 'spanwise'
import { profileExpress } from 'spanwise/express'
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

const app = express()
app.use(profileExpress()) // before all others: one in ten requests is logged in one line
app.get('/ask', (request, response, next) => {
  answer(String(request.query.question)).then((text) => response.type('text/plain').send(text), next)
})
app.listen(process.env['PORT'] ?? 3000)
