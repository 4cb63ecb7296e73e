import { Profiler } from 'spanwise'
import { answerBody, chat, jsonResponse, sdks, type Chat, type Sdk } from '../clients.ts'
import { inChild, interleave, median, pause, quantile, type Case, type Figure, type Samples, type Variant } from '../harness.ts'
import { Answers, smallContext } from '../traffic.ts'

const CALLS = 200
const ROUNDS = 31

type Name = 'bare' | 'bareAgain' | 'off' | 'unsampled'

async function child([name]: readonly string[]): Promise<Samples<Name>> {
  const sdk = name as Sdk
  const body = answerBody(sdks[sdk].shape, 'It is on its way.', [], 500)
  const answers = new Answers(() => jsonResponse(body))
  const answer = (): Response => answers.take()
  const off = new Profiler({ enabled: false })
  const unsampled = new Profiler({ sampleRate: 0 })
  const round = (client: Chat, profiler?: Profiler): Variant => {
    const all = async (): Promise<void> => {
      for (let i = 0; i < CALLS; i++) await client.send(smallContext())
    }
    return {
      before: () => answers.prepare(CALLS),
      run: async () => {
        await (profiler === undefined ? all() : profiler.run('bench', all))
        await pause(2)
      },
    }
  }
  return interleave<Name>({
    bare: round(chat(sdk, answer)),
    bareAgain: round(chat(sdk, answer)),
    off: round(chat(sdk, answer, off), off),
    unsampled: round(chat(sdk, answer, unsampled), unsampled),
  }, { rounds: ROUNDS, warmup: 8, per: CALLS })
}

/** How far one round differs from the next one of the very same thing: three of four differ less. */
function noiseOf({ bare, bareAgain }: Samples<Name>): number {
  return quantile(bareAgain.map((value, i) => Math.abs(value / bare[i]! - 1)), 0.75)
}

function figures(sdk: Sdk): Figure[] {
  const samples = inChild<Samples<Name>>('off', sdk)
  const ratio = (name: Name): number => (median(samples[name].map((value, i) => value / samples.bare[i]!)) - 1) * 100
  const noise = noiseOf(samples) * 100
  return [
    { what: `${sdk}: a bare call`, unit: 'µs', median: median(samples.bare) / 1_000 },
    { what: `${sdk}: bare against bare, noise of a round`, unit: '%', median: noise },
    { what: `${sdk}: bare against bare`, unit: '%', median: ratio('bareAgain') },
    { what: `${sdk}: enabled: false against bare`, unit: '%', median: ratio('off'), limit: noise },
    { what: `${sdk}: sampleRate: 0 against bare`, unit: '%', median: ratio('unsampled'), limit: noise },
  ]
}

export const off: Case = {
  name: 'off',
  title: 'Switched off',
  how: `${CALLS} calls a round with 2 kB of context, ${ROUNDS} rounds: two bare clients, one wrapped with a profiler that is `
    + 'off, one with a profiler that samples no run, inside profiler.run. The limit is the noise: by how much a '
    + 'round of the second bare client differs from the one beside it of the first, for three rounds of four.',
  measure: () => (['openai 7', 'anthropic 1'] as const).flatMap(figures),
  child,
}
