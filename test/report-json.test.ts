import { readFileSync } from 'node:fs'
import { parseSync } from 'rolldown/utils'
import { describe, expect, test } from 'vitest'
import { renderJson } from '../reports/json.ts'
import { analyze, type Analysis } from '../src/index.ts'
import { draw } from './draw.ts'
import { checkAnalysis } from './laws.ts'
import { manyTurns, supportAgent } from './support/analysis-fixture.ts'
import { goldenAnalysis, goldenTrace } from './support/golden-run.ts'
import { validator, type Schema } from './support/json-schema.ts'
import { randomTrace } from './support/random-run.ts'
import { root } from './support/source.ts'

const schema = JSON.parse(readFileSync(`${root}docs/analysis.schema.json`, 'utf8')) as Schema
const validate = validator(schema)
/** The schema lets later versions add fields. What is written now has none that it does not name. */
const validateClosed = validator(schema, { closed: true })

test('what is printed reads back as the analysis', () => {
  for (const analysis of [goldenAnalysis, supportAgent]) {
    expect(JSON.parse(renderJson(analysis))).toEqual(analysis)
    expect(JSON.parse(renderJson(analysis, { indent: false }))).toEqual(analysis)
  }
  checkAnalysis(JSON.parse(renderJson(goldenAnalysis)) as Analysis)
})

test('one line without indentation', () => {
  expect(renderJson(goldenAnalysis, { indent: false })).not.toContain('\n')
})

test('the order of keys does not depend on how the analysis was made', () => {
  expect(renderJson(backwards(goldenAnalysis) as Analysis)).toBe(renderJson(goldenAnalysis))
  expect(Object.keys(JSON.parse(renderJson(goldenAnalysis)) as object)).toEqual([
    'run', 'totals', 'cost', 'categories', 'operations', 'models', 'latency', 'findings', 'observations', 'schedules', 'dependencies', 'criticalPath',
    'context', 'calls', 'overhead', 'problems', 'sources', 'spans',
  ])
})

test('keys of the user are data', () => {
  const tags = JSON.parse('{"__proto__":"x","constructor":"y","spans":"z"}') as Record<string, string>
  const text = renderJson({ ...goldenAnalysis, run: { ...goldenAnalysis.run, tags } })
  expect(text).toContain('"__proto__": "x"')
  expect(JSON.stringify((JSON.parse(text) as Analysis).run.tags)).toBe('{"__proto__":"x","constructor":"y","spans":"z"}')
})

describe('the schema', () => {
  const everything: Analysis = {
    ...goldenAnalysis,
    run: {
      ...goldenAnalysis.run, process: { pid: 1, runtime: 'node', platform: 'linux' },
      resources: { cpuUserNs: 1, cpuSystemNs: 1, rssStartBytes: 1, rssEndBytes: 1, heapStartBytes: 1, heapEndBytes: 1 },
    },
  }
  const analyses: Readonly<Record<string, Analysis>> = {
    'the golden run': goldenAnalysis,
    'with readings': everything,
    'the run of the text goldens': supportAgent,
    'many turns': manyTurns,
    'tools that ran one after another': analyze(draw(`
      agent 0-90
        llm 0-10 llm model=gpt-5 asks=a#1,b#2
        a 10-50 call=1 by=llm
        b 50-90 call=2 by=llm after=llm
    `)),
    'an empty trace': analyze(draw('')),
    'without calls': analyze(draw('agent 0-100\n  search 0-50 tool')),
    'usage of all kinds': analyze(draw(`
      agent 0-100
        a 0-10 llm provider=anthropic model=claude-haiku-4-5 in=900 cached=400 written=100 written1h=50 out=10 searches=2 cut=1
        b 10-20 llm model=gpt-5 in=10 out=90 reasoning=80
        c 20-30 llm model=gpt-5 failed=Error:no attempts=20-22:429,24-26:,28-30:500
        d 30-40 llm model=gpt-5 parts=system:4000
        e 40-50 embedding model=text-embedding-3-small op=embeddings in=4
    `)),
    'dropped and failed': analyze({ ...goldenTrace, dropped: { spans: 3, contentChars: 4, parts: 5, attributes: 6 }, selfErrors: 2 }),
    'a window nearly full': analyze(draw('agent 0-100\n  a 0-50 llm model=gpt-5 in=300000 out=10 parts=system:900000')),
  }

  test.each(Object.entries(analyses))('holds for %s', (_, analysis) => {
    expect(validateClosed(JSON.parse(renderJson(analysis)))).toEqual([])
  })

  test('holds for random runs', () => {
    for (let seed = 0; seed < 300; seed++) {
      const analysis = analyze(randomTrace(seed))
      expect([seed, validateClosed(JSON.parse(renderJson(analysis)))]).toEqual([seed, []])
    }
  })

  test('names the fields of the types, and those that may be absent', () => {
    const described: Readonly<Record<string, Schema>> = { ...(schema['definitions'] as Record<string, Schema>), Analysis: schema }
    const types = interfaces('analysis.ts', 'analysis-cache.ts', 'analysis-context.ts', 'span.ts', 'usage.ts')
    const names = [...types.keys()].filter((name) => Object.hasOwn(described, name))
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) expect([name, fieldsOf(described[name]!)]).toEqual([name, types.get(name)])
    for (const name of ['run', 'totals', 'sources', 'schedules']) {
      expect([name, fieldsOf((schema['properties'] as Record<string, Schema>)[name]!)]).toEqual([name, types.get(`Analysis.${name}`)])
    }
    // What is a union or an alias in the types.
    const others = ['SpanId', 'Category', 'Outcome', 'AttributeValue', 'Amount']
    expect(Object.keys(described).filter((name) => !types.has(name)).sort()).toEqual(others.sort())
  })

  test('says of each field what it is, and in which unit', () => {
    const units: readonly (readonly [field: RegExp, unit: RegExp])[] = [
      [/Ns$|^p\d\d$|^max$/, /nanoseconds/], [/Usd$/, /US dollars/], [/Bytes$/, /bytes/], [/EpochMs$/, /milliseconds/],
      [/Tokens$|^(?:cache|uncached|visible|reasoning)/, /[Tt]okens/], [/share/, /divided by/], [/Chars$/, /[Cc]haracters/],
    ]
    const fields = describedFields(schema, '')
    expect(fields.length).toBeGreaterThan(150)
    const missing = fields.flatMap(([path, { description = '' }]) => {
      const field = path.split('.').at(-1)!
      const wanted = units.filter(([name]) => name.test(field)).map(([, unit]) => unit)
      const isSaid = String(description).length >= 9 && wanted.every((unit) => unit.test(String(description)))
      return isSaid ? [] : [`${path}: ${String(description)}`]
    })
    expect(missing).toEqual([])
  })

  test.each<[what: string, change: (analysis: Record<string, unknown>) => void]>([
    ['a missing part', (analysis) => { delete analysis['totals'] }],
    ['a part of another type', (analysis) => { analysis['findings'] = {} }],
    ['a text for a number', (analysis) => { analysis['overhead'] = { ...goldenAnalysis.overhead, selfNs: '400 µs' } }],
    ['a negative duration', (analysis) => { analysis['criticalPath'] = [{ spanId: 'a', timeNs: -1 }] }],
    ['half a token', (analysis) => { analysis['totals'] = { ...goldenAnalysis.totals, llmCalls: 1.5 } }],
    ['an unknown outcome', (analysis) => { analysis['run'] = { ...goldenAnalysis.run, outcome: { state: 'lost' } } }],
    ['a failure without a message', (analysis) => { analysis['run'] = { ...goldenAnalysis.run, outcome: { state: 'failed', type: 'E' } } }],
    ['half an interval', (analysis) => { analysis['findings'] = [{ ...goldenAnalysis.findings[0], saving: { timeNs: { low: 1 } } }] }],
    ['an unknown confidence', (analysis) => { analysis['findings'] = [{ ...goldenAnalysis.findings[0], confidence: 'sure' }] }],
    ['null for absent', (analysis) => { analysis['context'] = { ...goldenAnalysis.context, peak: null } }],
  ])('refuses %s', (_, change) => {
    const analysis = JSON.parse(renderJson(goldenAnalysis)) as Record<string, unknown>
    change(analysis)
    expect(validate(analysis)).not.toEqual([])
  })
})

/** All properties, those of definitions and of branches too, by their path. */
function describedFields(value: unknown, path: string): (readonly [path: string, schema: Schema])[] {
  if (typeof value !== 'object' || value === null) return []
  const { properties } = value as Schema
  const own = Object.entries((properties ?? {}) as Record<string, Schema>).map(([key, one]) => [`${path}.${key}`, one] as const)
  return [...own, ...Object.entries(value).flatMap(([key, one]) => describedFields(one, key === 'properties' ? path : `${path}.${key}`))]
}

interface Fields {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

function fieldsOf({ properties = {}, required = [] }: Schema): Fields {
  const names = required as readonly string[]
  return { required: names.toSorted(), optional: Object.keys(properties as object).filter((key) => !names.includes(key)).sort() }
}

interface Node {
  readonly type: string
  readonly id?: { readonly name: string }
  readonly key?: { readonly name: string }
  readonly optional?: boolean
  readonly declaration?: Node | null
  readonly body?: Node | readonly Node[]
  readonly members?: readonly Node[]
  readonly typeAnnotation?: Node
}

/** The fields of the interfaces in the model's files, and of the object types right inside of them. */
function interfaces(...files: readonly string[]): Map<string, Fields> {
  const found = new Map<string, Fields>()
  const add = (name: string, members: readonly Node[]): void => {
    const named = (isOptional: boolean): string[] =>
      members.filter(({ optional = false }) => optional === isOptional).flatMap(({ key }) => key?.name ?? []).sort()
    found.set(name, { required: named(false), optional: named(true) })
    for (const { key, typeAnnotation } of members) {
      const inner = typeAnnotation?.typeAnnotation
      if (inner?.type === 'TSTypeLiteral') add(`${name}.${key?.name}`, inner.members ?? [])
    }
  }
  for (const file of files) {
    const { program } = parseSync(file, readFileSync(`${root}src/model/${file}`, 'utf8'))
    for (const { declaration } of program.body as unknown as readonly Node[]) {
      if (declaration?.type !== 'TSInterfaceDeclaration') continue
      add(declaration.id?.name ?? '', ((declaration.body as Node).body ?? []) as readonly Node[])
    }
  }
  return found
}

function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).reverse().map(([key, one]) => [key, backwards(one)]))
}
