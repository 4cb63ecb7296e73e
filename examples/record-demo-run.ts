/**
 * Records `demo-run.jsonl`, which `spanwise demo` reports: the run of demo.ts with its pauses as they are, under a fixed id.
 *
 *   npm run --silent build:dev && node dist/examples/record-demo-run.js
 *
 * It holds sizes, hashes, times and token counts of the recorded answers (recordings/LICENSES.md) and none of their texts.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { encodeTrace, Profiler } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import { scaledPause } from './replay/pause.ts'
import { supportAgentScript } from './replay/recordings.ts'
import { startReplayServer } from './replay/server.ts'
import { supportAgent } from './support-agent/agent.ts'
import { standIns } from './support-agent/services.ts'
import { recordedTicket } from './support-agent/ticket.ts'

const models = { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5', embedding: 'text-embedding-3-small' }

/** The same ids each time: a new recording changes only the times. */
const fixedIds = { traceId: () => 'd5e3017a'.repeat(4), spanPrefix: () => 'd5e3017a' }

async function main(): Promise<void> {
  const server = await startReplayServer(supportAgentScript(), 1)
  const profiler = new Profiler({ enabled: true, sampleRate: 1, dir: false, ids: fixedIds })
  try {
    await supportAgent({
      openai: wrapOpenAI(new OpenAI({ apiKey: 'recorded', baseURL: `${server.url}/v1` }), { profiler }),
      anthropic: wrapAnthropic(new Anthropic({ apiKey: 'recorded', baseURL: server.url }), { profiler }),
      profiler,
      services: standIns(scaledPause(1)),
      models,
    }, recordedTicket)
  } finally {
    await server.close()
  }
  const trace = profiler.lastTrace
  if (trace === undefined || server.unplayed().length > 0) throw new Error('the agent did not ask for all recorded answers')
  const root = dirname(createRequire(import.meta.url).resolve('spanwise/package.json'))
  // Whose machine it was is nobody's business.
  const { process: _, ...rest } = trace
  writeFileSync(join(root, 'examples', 'demo-run.jsonl'), encodeTrace(rest))
}

await main()
