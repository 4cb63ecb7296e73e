import { OK, type Span, type Trace } from '../../src/model/span.ts'
import { seeded } from './random.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

export interface Hidden {
  readonly trace: Trace
  readonly first: string
  readonly second: string
  /** How the second tool's input has something of the first one's output; undefined: it has nothing. */
  readonly how: string | undefined
}

type Random = (most: number) => number

const words = ('amber basalt cobalt dahlia ember fjord garnet heron indigo juniper kelp larch maple nutmeg ochre poplar quartz rowan sable tundra '
  + 'umber violet walnut yarrow zephyr München Göteborg Łódź 東京 Αθήνα it on de').split(' ')

/** Values as programs hand them on. */
const values: Readonly<Record<string, (upTo: Random) => string>> = {
  identifier: (upTo) => `ord_${(upTo(0xffffff) + 0x1000000).toString(16)}`,
  uuid: (upTo) => Array.from({ length: 4 }, () => (upTo(0xffff) + 0x10000).toString(16).slice(1)).join('-'),
  number: (upTo) => String(10_000 + upTo(89_999)),
  'short number': (upTo) => String(upTo(99)),
  boolean: (upTo) => String(upTo(1) === 1),
  word: (upTo) => words[upTo(words.length - 1)]!,
  email: (upTo) => `${words[upTo(20)]!}@mail${upTo(99)}.example`,
  date: (upTo) => `2026-0${1 + upTo(8)}-${10 + upTo(18)}`,
  url: (upTo) => `https://shop.example/${words[upTo(20)]!}/${1000 + upTo(8999)}`,
  sentence: (upTo) => Array.from({ length: 6 }, () => words[upTo(24)]!).join(' '),
  price: (upTo) => `${1 + upTo(9)},${100 + upTo(899)}.50`,
}

/** Where an output has it. */
const outputs: Readonly<Record<string, (value: string, noise: () => string) => string>> = {
  plain: (value) => value,
  'nested JSON': (value, noise) => JSON.stringify({ a: noise(), list: [{ b: { c: [noise(), value] } }] }),
  prose: (value, noise) => `The ${noise()} came back, (${value}), and then ${noise()}.`,
  'JSON in JSON': (value, noise) => JSON.stringify({ body: JSON.stringify({ deep: JSON.stringify({ [noise()]: `x\n${value}` }) }) }),
  'upper case': (value) => JSON.stringify({ v: value.toUpperCase() }),
  'part of a URL': (value, noise) => `see https://x.example/${noise()}/${encodeURIComponent(value)}?q=1`,
  'name of a field': (value) => JSON.stringify({ [value]: { n: 1 } }),
  'camel case': (value, noise) => `${noise().toLowerCase()}${value[0]!.toUpperCase()}${value.slice(1)}`,
  'cut off': (value, noise) => `${noise()} `.repeat(20) + `${value.slice(0, 1)}…`,
  'beyond what is looked at': (value, noise) => `${`${noise()} `.repeat(8_000)}${value}`,
}

/** Where an input has it. */
const inputs: Readonly<Record<string, (value: string) => unknown>> = {
  argument: (value) => ({ q: value }),
  'typed argument': (value) => ({ q: /^\d+$/.test(value) ? Number(value) : value === 'true' ? true : value === 'false' ? false : value }),
  nested: (value) => ({ filter: { any: [{ is: value }] } }),
  'name of a field': (value) => ({ table: { [value]: 'amber' } }),
  'lower case': (value) => ({ q: value.toLowerCase() }),
  'in a sentence': (value) => ({ q: `amber for ${value}` }),
}

const keysOf = <T extends object>(of: T): string[] => Object.keys(of)

/**
 * A workflow of two tools, with everything that they use named in the prompt before, so that only what they have in common can hold
 * them apart: the second one's input has something of the first one's output, or (one time in three) nothing.
 */
export function hiddenTrace(seed: number): Hidden {
  const random = seeded(seed)
  const upTo: Random = (most) => Math.floor(random() * (most + 1))
  const pick = (of: readonly string[]): string => of[upTo(of.length - 1)]!
  const noise = (): string => `zz${pick(['alpha', 'beta', 'gamma', 'delta'])}q`
  const isConnected = seed % 3 !== 0
  const kind = pick(isConnected ? keysOf(values) : ['identifier', 'uuid', 'number', 'word', 'email', 'date', 'url', 'sentence'])
  const value = values[kind]!(upTo)
  const where = pick(keysOf(outputs).filter((one) => isConnected || !['cut off', 'beyond what is looked at'].includes(one)))
  const as = pick(keysOf(inputs).filter((one) => isConnected || one !== 'lower case'))
  const output = outputs[where]!(isConnected ? value : 'nothingatall', noise)
  const input = JSON.stringify(inputs[as]!(value))
  const prompt = `Use amber and ${value}, or ${value.toLowerCase()}, or ${value.toUpperCase()}.`
  const tool = (id: number, name: string, start: number, end: number, args: string, result: string): Span => ({
    id: id.toString(16).padStart(16, '0'), parentId: '0000000000000001', traceId: TRACE_ID, name, category: 'tool', start: start * 1e6, end: end * 1e6,
    outcome: OK, tool: { name, arguments: args, result },
  })
  const { trace } = { trace: {
    id: TRACE_ID, name: 'hidden', startedAtEpochMs: Date.UTC(2026, 10, 1), dropped: { spans: 0, contentChars: 0, parts: 0 }, overheadNs: 0, selfErrors: 0,
    parts: [{ kind: 'user', hash: '0000000000000001', chars: prompt.length, text: prompt }],
    spans: [
      { id: '0000000000000001', traceId: TRACE_ID, name: 'agent', category: 'agent', start: 0, end: 100e6, outcome: OK },
      {
        id: '0000000000000002', parentId: '0000000000000001', traceId: TRACE_ID, name: 'llm', category: 'llm', start: 0, end: 10e6, outcome: OK,
        llm: { provider: 'openai', operation: 'chat', api: 'chat.completions', streamed: false, requestParts: [0] },
      },
      tool(3, 'lookup', 10, 50, '{}', output),
      tool(4, 'fetch', 50, 100, input, 'done'),
    ],
  } satisfies Trace }
  return { trace, first: '0000000000000003', second: '0000000000000004', how: isConnected ? `${kind}, ${where} → ${as}: ${output.slice(0, 120)} → ${input}` : undefined }
}
