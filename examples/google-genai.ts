/** A chat with Gemini and one function. Needs GEMINI_API_KEY. */
import { createPartFromFunctionResponse, GoogleGenAI, type PartListUnion } from '@google/genai'
import { profiler, report } from 'spanwise'
import { wrapGoogleGenAI } from 'spanwise/google-genai'

const ai = wrapGoogleGenAI(new GoogleGenAI({ apiKey: process.env['GEMINI_API_KEY'] ?? '' })) // your client, now recorded
const getWeather = profiler.tool('get_weather', async ({ location }: { location?: string }) => // your function, now a tool span
  `22 °C and sunny in ${location}`)

const tools = [{
  functionDeclarations: [{
    name: 'get_weather',
    description: 'The weather now',
    parametersJsonSchema: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
  }],
}]

const answer = await profiler.run('weather-agent', async () => {
  const chat = ai.chats.create({ model: 'gemini-2.0-flash', config: { systemInstruction: 'You are a helpful assistant.', tools } })
  let message: PartListUnion = 'What is the weather like in San Francisco?'
  for (;;) {
    const response = await chat.sendMessage({ message })
    if (response.functionCalls === undefined) return response.text
    message = await Promise.all(response.functionCalls.map(async ({ id = '', name = '', args = {} }) =>
      createPartFromFunctionResponse(id, name, { output: await getWeather(args) })))
  }
})

console.log(answer)
console.log(report(profiler.lastTrace))
