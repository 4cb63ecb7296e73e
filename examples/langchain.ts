/** A chain of LangChain.js, streamed: it runs as it is, with OPENAI_API_KEY in the environment. */
import { StringOutputParser } from '@langchain/core/output_parsers'
import { ChatPromptTemplate } from '@langchain/core/prompts'
import { ChatOpenAI } from '@langchain/openai'
import { profiler, report } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'

const chain = ChatPromptTemplate.fromMessages([['system', 'You do sums.'], ['user', '{question}']])
  .pipe(new ChatOpenAI({ model: 'gpt-4o-mini' }))
  .pipe(new StringOutputParser())
  .withConfig({ runName: 'sums' })

// Whatever the chain does is recorded: at a call, in `withConfig`, or when a model is made.
const stream = await chain.stream({ question: 'What is 6 times 7?' }, { callbacks: [spanwiseHandler()] })
for await (const piece of stream) process.stdout.write(piece)

console.log(`\n\n${report(profiler.lastTrace)}`)
