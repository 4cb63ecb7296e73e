/** An agent whose tool is another service: the service's own calls stand below the tool's, in one run. Needs OPENAI_API_KEY. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { profiler, report } from 'spanwise'
import { traceFetch } from 'spanwise/fetch'
import { profileHttp } from 'spanwise/http'
import { wrapOpenAI } from 'spanwise/openai'

const openai = wrapOpenAI(new OpenAI())
const ask = async (content: string): Promise<string> => {
  const { choices } = await openai.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
  return choices[0]?.message.content ?? ''
}

// The service, mostly a process of its own. `allow` says who may have the spans of a request.
const service = createServer(profileHttp(async (request, response) => {
  const text = await profiler.span('summarise', () => ask(`Summarise what is at ${request.url}`))
  response.setHeader('content-type', 'text/plain').end(text)
}, { enabled: true, allow: () => true }))
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`

// The agent: inside a run this fetch tells the service who calls, and takes what it recorded.
const fetch = traceFetch(globalThis.fetch)
const summarise = profiler.tool('summarise_page', async (page: string) => (await fetch(`${url}/${page}`)).text())
const answer = await profiler.run('agent', async () => ask(`What follows from this? ${await summarise('returns')}`))
await profiler.flush() // what a service gives later is there then

console.log(answer)
console.log(report(profiler.traces.find(({ name }) => name === 'agent')))
service.close()
