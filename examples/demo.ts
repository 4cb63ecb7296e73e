/**
 * `npm run demo`: a support agent under the profiler, without a key and without the internet.
 *
 * What is real: the agent, the `openai` and `@anthropic-ai/sdk` clients and their retries, HTTP, and the answers, which are
 * recorded ones of OpenAI and Anthropic (recordings/LICENSES.md). They come from several sessions, so one may name another
 * figure than the next. What is not: the company's own systems (support-agent/services.ts) are stand-ins with pauses, and
 * so is the clock of the providers: first bytes come as late as recorded where that is known, events of a stream at an
 * even pace. With `--live` the same agent talks to the real APIs.
 */
import { parseArgs } from 'node:util'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { profiler, report } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import { scaledPause } from './replay/pause.ts'
import { supportAgentScript } from './replay/recordings.ts'
import { startReplayServer } from './replay/server.ts'
import { supportAgent } from './support-agent/agent.ts'
import { standIns } from './support-agent/services.ts'
import { recordedTicket } from './support-agent/ticket.ts'

const HELP = `A support agent under the profiler, and its report.

  npm run demo                 recorded answers, no key and no internet
  npm run demo -- --fast       the same, twenty times as fast
  npm run demo -- --live       the real APIs; needs OPENAI_API_KEY and ANTHROPIC_API_KEY

  --openai-model NAME          default gpt-4o-mini, or OPENAI_MODEL
  --anthropic-model NAME       default claude-haiku-4-5, or ANTHROPIC_MODEL
  --embedding-model NAME       default text-embedding-3-small, or OPENAI_EMBEDDING_MODEL
  --help                       this text

Models matter with --live only: a recorded answer says which model gave it.`

interface Backend {
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  /** Recorded answers that the agent did not come to ask for. */
  unplayed(): readonly string[]
  close(): Promise<void>
}

const live = (): Backend => ({
  openai: new OpenAI(),
  anthropic: new Anthropic(),
  unplayed: () => [],
  close: async () => {},
})

async function replay(scale: number): Promise<Backend> {
  const server = await startReplayServer(supportAgentScript(), scale)
  return {
    openai: new OpenAI({ apiKey: 'recorded', baseURL: `${server.url}/v1` }),
    anthropic: new Anthropic({ apiKey: 'recorded', baseURL: server.url }),
    unplayed: server.unplayed,
    close: server.close,
  }
}

function readArguments() {
  const { env } = process
  const { values } = parseArgs({
    options: {
      live: { type: 'boolean', default: false },
      fast: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      'openai-model': { type: 'string', default: env['OPENAI_MODEL'] ?? 'gpt-4o-mini' },
      'anthropic-model': { type: 'string', default: env['ANTHROPIC_MODEL'] ?? 'claude-haiku-4-5' },
      'embedding-model': { type: 'string', default: env['OPENAI_EMBEDDING_MODEL'] ?? 'text-embedding-3-small' },
    },
  })
  const models = {
    openai: values['openai-model'],
    anthropic: values['anthropic-model'],
    embedding: values['embedding-model'],
  }
  return { ...values, models }
}

function checkKeys(): void {
  const missing = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY'].filter((name) => !process.env[name])
  if (missing.length === 0) return
  throw new Error(`--live needs ${missing.join(' and ')} in the environment; without --live no key is needed`)
}

async function main(): Promise<void> {
  const options = readArguments()
  if (options.help) return console.log(HELP)
  if (options.live) checkKeys()
  const scale = options.fast ? 0.05 : 1
  const backend = options.live ? live() : await replay(scale)

  console.log(`Running a support agent on ${options.live ? 'the real APIs' : 'recorded answers of OpenAI and Anthropic'} …`)
  try {
    const reply = await supportAgent({
      openai: wrapOpenAI(backend.openai),
      anthropic: wrapAnthropic(backend.anthropic),
      profiler,
      services: standIns(scaledPause(scale)),
      models: options.models,
    }, recordedTicket)
    console.log(`Its reply: ${shorten(reply, 68)}\n`)
  } finally {
    await backend.close()
  }
  const unplayed = backend.unplayed()
  if (unplayed.length > 0) throw new Error(`the agent ended without asking for ${unplayed.join(', ')}`)

  console.log(report(profiler.lastTrace))
  console.log(`\nNext: ${options.live ? 'wrap the client of an agent of yours (examples/quickstart.ts)' : 'npm run demo -- --live'}`)
}

function shorten(text: string, maxChars: number): string {
  const line = text.replace(/\*\*/g, '').replace(/\s+/g, ' ').trim()
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 1)}…`
}

main().catch((error: unknown) => {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)} (--help shows the options)`)
  process.exitCode = 1
})
