import { Profiler } from 'spanwise'
import {
  answerBody, chat, eventStreamResponse, jsonResponse, sdks, streamBody, type Chat, type Message, type Sdk,
} from '../clients.ts'
import {
  added, inChild, interleave, least, median, pause, type Case, type Figure, type Rounds, type Samples, type Variant,
} from '../harness.ts'
import { Answers, history, silence, smallContext } from '../traffic.ts'

const CHUNKS = 2_000
const STREAMS = 5

const contexts = {
  small: { what: '2 kB', calls: 500, limit: 30, messages: smallContext },
  large: { what: '200 kB, same objects', calls: 80, limit: 60, messages: sameObjects(200_000) },
  fresh: { what: '200 kB, fresh objects', calls: 30, limit: undefined, messages: freshObjects(200_000) },
} as const
type Context = keyof typeof contexts

/** Bare and wrapped, outside any run and inside one: inside, both find an active AsyncLocalStorage. */
type Name = 'bare' | 'alone' | 'bareInRun' | 'inRun'

function sameObjects(chars: number): () => readonly Message[] {
  const messages = history(chars)
  return () => messages
}

function freshObjects(chars: number): () => readonly Message[] {
  const messages = history(chars)
  return () => messages.map((message) => ({ ...message }))
}

type Round = (chat: Chat) => Promise<void>

interface Traffic {
  readonly answers: Answers
  readonly count: number
  readonly round: Round
}

async function measurePairs(sdk: Sdk, { answers, count, round }: Traffic, rounds: Rounds): Promise<Samples<Name>> {
  const profiler = new Profiler({ maxTraces: 1 })
  const bare = chat(sdk, () => answers.take())
  const wrapped = chat(sdk, () => answers.take(), profiler)
  const variant = (client: Chat, around: (all: () => Promise<void>) => Promise<void>): Variant => ({
    before: () => {
      silence()
      answers.prepare(count)
    },
    run: async () => {
      await around(() => round(client))
      // What waits for an idle moment after a run belongs to its cost.
      await pause(10)
    },
  })
  const outside = (all: () => Promise<void>): Promise<void> => all()
  const inside = (all: () => Promise<void>): Promise<void> => profiler.run('bench', all)
  return {
    ...await interleave({ bare: variant(bare, outside), alone: variant(wrapped, outside) }, rounds),
    ...await interleave({ bareInRun: variant(bare, inside), inRun: variant(wrapped, inside) }, rounds),
  }
}

function contextTraffic(sdk: Sdk, name: Context): Traffic {
  const { calls: count, messages } = contexts[name]
  const body = answerBody(sdks[sdk].shape, 'It is on its way.', [], 500)
  return {
    answers: new Answers(() => jsonResponse(body)),
    count,
    round: async (client) => {
      for (let i = 0; i < count; i++) await client.send(messages())
    },
  }
}

function streamTraffic(sdk: Sdk): Traffic {
  const bytes = new TextEncoder().encode(streamBody(sdks[sdk].shape, CHUNKS))
  const messages = smallContext()
  return {
    answers: new Answers(() => eventStreamResponse(bytes)),
    count: STREAMS,
    round: async (client) => {
      for (let i = 0; i < STREAMS; i++) {
        for await (const _chunk of await client.stream(messages));
      }
    },
  }
}

type Kind = Context | 'stream'
type Measured = Partial<Record<Kind, Samples<Name>>>

async function child([sdk, rounds, ...kinds]: readonly string[]): Promise<Measured> {
  const [name, count] = [sdk as Sdk, Number(rounds)]
  const measured: Measured = {}
  for (const kind of kinds as Kind[]) {
    measured[kind] = kind === 'stream'
      ? await measurePairs(name, streamTraffic(name), { rounds: count, warmup: 8, per: STREAMS * CHUNKS })
      : await measurePairs(name, contextTraffic(name, kind), { rounds: count, warmup: 12, per: contexts[kind].calls })
  }
  return measured
}

/** Several processes for streams: how the engine compiles a loop differs between processes more than between rounds. */
function measureSdk(sdk: Sdk, thorough: boolean): Record<Kind, readonly Samples<Name>[]> {
  const once = (rounds: number, ...kinds: Kind[]): Measured => inChild<Measured>('calls', sdk, String(rounds), ...kinds)
  const { small, large, fresh } = thorough ? once(19, 'small', 'large', 'fresh') : once(11, 'small', 'large')
  const streams = Array.from({ length: 3 }, () => once(thorough ? 15 : 9, 'stream').stream)
  const given = (...all: (Samples<Name> | undefined)[]): Samples<Name>[] => all.filter((one) => one !== undefined)
  return { small: given(small), large: given(large), fresh: given(fresh), stream: given(...streams) }
}

/** What `b` adds over `a`, in microseconds: the median process, and the least. */
function addedOver(processes: readonly Samples<Name>[], a: Name, b: Name): Pick<Figure, 'median' | 'min'> {
  const all = processes.map((samples) => added(samples[a], samples[b]))
  return { median: median(all.map((one) => one.median)) / 1_000, min: least(all.map((one) => one.min)) / 1_000 }
}

function figures(sdk: Sdk, thorough: boolean): Figure[] {
  const measured = measureSdk(sdk, thorough)
  const rows = (kind: Kind, what: string, limit: number | undefined): Figure[] => {
    const processes = measured[kind]
    if (processes.length === 0) return []
    const row = (a: Name, b: Name, where: string, most?: number): Figure =>
      ({ what: `${sdk}, ${what}${where}`, unit: 'µs', ...addedOver(processes, a, b), limit: most })
    return [
      row('bare', 'alone', ', outside a run', limit),
      row('bareInRun', 'inRun', ', in a run', limit),
      ...(thorough && kind !== 'fresh' ? [row('bare', 'bareInRun', ': the run itself')] : []),
    ]
  }
  return [
    ...(Object.keys(contexts) as Context[]).flatMap((name) => rows(name, contexts[name].what, contexts[name].limit)),
    ...rows('stream', 'a chunk', 0.4),
  ]
}

export const calls: Case = {
  name: 'calls',
  title: 'A wrapped call adds',
  how: 'Real clients whose fetch answers at once with a Response made beforehand, in processes of their own for each client; '
    + `bare and wrapped in turn, ${contexts.small.calls} calls a round with 2 kB of context, ${contexts.large.calls} with 200 kB `
    + 'in 100 messages (the same objects each time, or new ones with the same strings), '
    + `${STREAMS} streams of ${CHUNKS.toLocaleString('en')} chunks. Includes what is put off to an idle moment. Outside a run, `
    + 'the bare client has no active AsyncLocalStorage; inside one, bare and wrapped both run inside profiler.run, and "the '
    + 'run itself" is what that costs a bare call: on Node 20 an active AsyncLocalStorage, whoever uses it, slows every promise.',
  elsewhere: 'the cheapest wrapper 70 µs a call, 0.7 µs a chunk; with 200 kB of context 150 to 2,700 µs. '
    + 'Careful minimums: 10 to 27 µs a call, 0.2 µs a chunk.',
  measure: () => [
    ...(['openai 7', 'anthropic 1'] as const).flatMap((sdk) => figures(sdk, true)),
    ...(['openai 6', 'openai 5', 'anthropic 0'] as const).flatMap((sdk) => figures(sdk, false)),
  ],
  child,
}
