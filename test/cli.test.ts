import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { commands } from '../src/cli/commands.ts'
import { formatNames } from '../src/cli/formats.ts'
import type { Trace } from '../src/model/span.ts'
import { analyze } from '../src/analyze/index.ts'
import { spanHandles, spanNamed, tree } from '../src/cli/span-view.ts'
import { decodeTrace, encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { root } from './support/source.ts'

let desk: Desk
beforeEach(() => { desk = new Desk() })
afterEach(() => desk.remove())

const drawing = `
  agent 0-100
    llm 5-35 llm model=gpt-5-mini in=1200 cached=300 out=80 asks=search#c1,search#c2
    search 40-60 call=c1 by=llm
    search 60-90 call=c2 by=llm
`
const A = 'aaaaaaaa1'.padEnd(32, '0')
const B = 'aaaaaaaa2'.padEnd(32, '0')
const trace = (id: string, name = 'agent'): Trace => {
  const drawn = draw(drawing, { id, name })
  return { ...drawn, spans: drawn.spans.map((span) => ({ ...span, traceId: id })) }
}
const recorded = (id: string, name?: string): string => encodeTrace(trace(id, name))

describe('help', () => {
  test('lists every command and teaches by example', async () => {
    const { code, out, err } = await desk.say(['--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(out).toContain('spanwise run -- node agent.js')
    expect(await desk.say([])).toMatchObject({ code: 0, out })
  })

  test.each(commands.map(({ name }) => name))('%s: every option is explained, and there are examples', async (name) => {
    const { code, out } = await desk.say([name, '--help'])
    expect(code).toBe(0)
    expect(out).toContain('Examples')
    expect(out).toEqual((await desk.say(['help', name])).out)
    const { options } = await commands.find((entry) => entry.name === name)!.load()
    for (const option of Object.keys(options).filter((option) => option !== 'help')) expect(out).toContain(`--${option}`)
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('each command is a file of the folder', () => {
    const files = readdirSync(`${root}src/cli/commands`).map((file) => file.replace('.ts', ''))
    expect(files.sort()).toEqual(commands.map(({ name }) => name).sort())
  })

  test('docs/command.md has the same list', () => {
    const rows = [...readFileSync(`${root}docs/command.md`, 'utf8').matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].slice(0, commands.length)
    expect(rows.map(([, usage, summary]) => [usage!.replaceAll('\\|', '|'), summary])).toEqual(commands.map(({ name, usage, summary }) => [`${name} ${usage}`.trim(), summary]))
  })

  test('version', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }
    expect(await desk.say(['--version'])).toMatchObject({ code: 0, out: `${version}\n` })
  })
})

describe('a wrong word', () => {
  test.each([
    [['reprot'], 'there is no command reprot; did you mean report?'],
    [['report', '--formt', 'x'], 'spanwise report has no option --formt; did you mean --format?'],
    [['report', 'a.jsonl', '-f', 'markdwon'], 'there is no format markdwon'],
    [['report', 'missing.json'], 'missing.json: no such file or folder'],
    [['report', 'a.jsonl', '-o', 'x.docx'], 'x.docx: its ending names no format'],
    [['report', 'a.jsonl', '--width', 'wide'], '--width must be a whole number of at least 40, got "wide"'],
    [['report', 'a.jsonl', '--weight', 'kg'], '--weight must be time, tokens, cost, got kg'],
    [['report', 'missing.jsonl', '-f', 'chrom'], 'there is no format chrom; did you mean chrome?'],
    [['run', '-f', 'chrom', '--', 'missing-program'], 'there is no format chrom; did you mean chrome?'],
    [['report', 'a.jsonl', '--fail-on', 'PAR01'], 'did you mean PAR001?'],
    [['list', 'a.jsonl'], 'a.jsonl is a file; list takes a folder'],
    [['demo', 'a.jsonl'], 'demo takes no names, got a.jsonl'],
    [['show', '--format'], "Option '-f, --format <value>' argument missing"],
    [['report', 'a.jsonl', '--fail-on', 'slow'], '--fail-on knows no slow'],
    [['completion', 'bsh'], 'there is no completion for bsh; did you mean bash?'],
    [['a.jsonl'], 'a.jsonl: no command'],
    [['convert'], 'convert what?'],
    [['run'], 'run what?'],
  ])('%j', async (words, message) => {
    desk.write('a.jsonl', recorded(A))
    const { code, out, err } = await desk.say(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message === 'a.jsonl: no command' ? 'there is no command a.jsonl' : message)
  })

  test('lists the right ones', async () => {
    const { err } = await desk.say(['report', desk.write('a.jsonl', recorded(A)), '--format', 'nothing-like-it'])
    for (const name of formatNames) expect(err).toContain(name)
  })
})

describe('report', () => {
  test('the newest run without a name, plain and 80 columns wide', async () => {
    desk.write('.spanwise/old.jsonl', recorded(A, 'old-agent'), 10)
    desk.write('.spanwise/deep/new.jsonl', recorded(B, 'new-agent'))
    const { code, out, err } = await desk.say(['report'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('new-agent')
    expect(out).not.toContain('\u001b')
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('in colour at a terminal, unless --no-color or a file', async () => {
    desk.write('a.jsonl', recorded(A))
    const terminal = { width: 100, color: true, isTerminal: true }
    expect((await desk.say(['report', 'a.jsonl'], { terminal })).out).toContain('\u001b[')
    expect((await desk.say(['report', 'a.jsonl', '--no-color'], { terminal })).out).not.toContain('\u001b')
    await desk.say(['report', 'a.jsonl', '-o', 'a.txt'], { terminal })
    expect(readFileSync(join(desk.cwd, 'a.txt'), 'utf8')).not.toContain('\u001b')
  })

  test('as JSON it is the analysis; of several runs a list of them', async () => {
    desk.write('a.jsonl', recorded(A))
    desk.write('b.jsonl', recorded(B))
    const one = JSON.parse((await desk.say(['report', 'a.jsonl', '--json'])).out) as { totals: { spans: number } }
    expect(one.totals.spans).toBe(4)
    const both = JSON.parse((await desk.say(['report', 'a.jsonl', 'b.jsonl', '--json'])).out) as { runs: { run: { traceId: string } }[] }
    expect(both.runs.map(({ run }) => run.traceId)).toEqual([A, B])
  })

  test('from standard input, and packed', async () => {
    expect(await desk.say(['report', '-'], { input: recorded(A) })).toMatchObject({ code: 0, out: expect.stringContaining('agent') })
    expect(await desk.say(['report', '-'], { input: gzipSync(recorded(A)) })).toMatchObject({ code: 0 })
    desk.write('a.jsonl.gz', gzipSync(recorded(A)))
    expect(await desk.say(['report', 'a.jsonl.gz'])).toMatchObject({ code: 0, err: '' })
  })

  test('four characters of an id are enough, fewer never are', async () => {
    desk.write('.spanwise/1.jsonl', recorded('3f2a9c07'.padEnd(32, '0'), 'first'))
    desk.write('.spanwise/2.jsonl', recorded('81bd04e2'.padEnd(32, '0'), 'second'))
    expect((await desk.say(['report', '3f2a'])).out).toContain('first')
    expect(await desk.say(['report', '3f2'])).toMatchObject({ code: 2, err: expect.stringContaining('3f2: a handle has at least 4 characters\n  3f2a9c07  first') })
  })

  test('by the beginning of its id; an ambiguous one lists the candidates', async () => {
    desk.write('.spanwise/1.jsonl', recorded(A, 'first'))
    desk.write('.spanwise/2.jsonl', recorded(B, 'second'))
    expect((await desk.say(['report', 'aaaaaaaa2'])).out).toContain('second')
    const { code, err } = await desk.say(['report', 'aaaaaaaa'])
    expect(code).toBe(2)
    expect(err).toMatch(/aaaaaaaa stands for 2 runs and sessions[^]*aaaaaaaa2 {2}second\n {2}aaaaaaaa1 {2}first/)
    expect((await desk.say(['report', 'aaaaaaab2'])).err).toContain('did you mean aaaaaaaa2?')
  })

  test('a folder is one set of runs; many become a table, files without traces are named', async () => {
    for (const i of [1, 2, 3, 4]) desk.write(`runs/${i}.jsonl`, recorded(`${i}`.padEnd(32, 'f'), `agent-${i}`))
    desk.write('runs/package.json', '{ "name": "x" }')
    const { code, out, err } = await desk.say(['report', 'runs'])
    expect(code).toBe(0)
    expect(out).toMatch(/^Runs .*time/)
    expect(out).toMatch(/^Operations of 4 runs/m)
    expect(err).toBe('spanwise: skipped a file without traces: runs/package.json\n')
    expect((await desk.say(['report', 'runs', '--all'])).out.match(/agent-\d/g)!.length).toBeGreaterThanOrEqual(4)
  })

  test('--fail-on gives 1 when it applies', async () => {
    desk.write('a.jsonl', recorded(A))
    expect(await desk.say(['report', 'a.jsonl', '--fail-on', 'PAR001'])).toMatchObject({ code: 1, err: expect.stringContaining('run aaaaaaaa: PAR001') })
    expect(await desk.say(['report', 'a.jsonl', '--fail-on', 'failed,RETRY001'])).toMatchObject({ code: 0 })
  })

  test('a folder as the target gets one file per run', async () => {
    desk.write('a.jsonl', recorded(A))
    desk.write('b.jsonl', recorded(B))
    const { code, err } = await desk.say(['report', 'a.jsonl', 'b.jsonl', '-f', 'text', '-o', 'out/'])
    expect(code).toBe(0)
    expect(readdirSync(join(desk.cwd, 'out'))).toEqual(['agent-aaaaaaaa1.txt', 'agent-aaaaaaaa2.txt'])
    expect(err).toContain('wrote out/agent-aaaaaaaa1.txt')
    await desk.say(['report', 'a.jsonl', 'a.jsonl', 'b.jsonl', '-f', 'csv', '-o', 'twice/'])
    expect(readdirSync(join(desk.cwd, 'twice'))).toEqual(['agent-aaaaaaaa1-2.csv', 'agent-aaaaaaaa1.csv', 'agent-aaaaaaaa2.csv'])
  })
})

describe('every format', () => {
  test.each(formatNames)('%s can be written', async (name) => {
    desk.write('a.jsonl', recorded(A))
    const { code, err, bytes } = await desk.say(['report', 'a.jsonl', '--format', name])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(bytes.length).toBeGreaterThan(20)
  })

  const endings = [
    ['x.md', 'markdown'], ['x.json', 'json'], ['x.csv', 'csv'], ['x.txt', 'text'], ['x.speedscope.json', 'speedscope'],
    ['x.chrome.json', 'chrome'], ['x.trace.json', 'chrome'], ['x.otlp.json', 'otlp'], ['x.folded', 'folded'], ['x.jsonl', 'run'],
  ] as const
  test.each(endings.filter(([, name]) => formatNames.includes(name)))('%s is %s', async (file, name) => {
    desk.write('a.jsonl', recorded(A))
    expect(await desk.say(['report', 'a.jsonl', '-o', file])).toMatchObject({ code: 0, err: `spanwise: wrote ${file}\n` })
    const { out } = await desk.say(['report', 'a.jsonl', '--format', name])
    expect(readFileSync(join(desk.cwd, file), 'utf8')).toBe(out)
  })

  test.runIf(formatNames.includes('pprof'))('pprof is packed, and never printed at a terminal', async () => {
    desk.write('a.jsonl', recorded(A))
    await desk.say(['report', 'a.jsonl', '-o', 'a.pb'])
    expect(gunzipSync(readFileSync(join(desk.cwd, 'a.pb'))).length).toBeGreaterThan(20)
    const terminal = { width: 80, color: false, isTerminal: true }
    expect(await desk.say(['report', 'a.jsonl', '-f', 'pprof'], { terminal })).toMatchObject({ code: 2, out: '' })
  })
})

describe('convert', () => {
  test('a run file comes out as it went in', async () => {
    desk.write('a.jsonl', recorded(A))
    const { code, err } = await desk.say(['convert', 'a.jsonl', '-o', 'b.jsonl.gz'])
    expect({ code, err }).toEqual({ code: 0, err: 'spanwise: wrote b.jsonl.gz\n' })
    const text = gunzipSync(readFileSync(join(desk.cwd, 'b.jsonl.gz'))).toString()
    expect(decodeTrace(text)).toEqual({ traces: [trace(A)], problems: [] })
  })

  test('--json tells what was read and written', async () => {
    desk.write('a.jsonl', recorded(A))
    const { out } = await desk.say(['convert', 'a.jsonl', '-o', 'b.jsonl', '--json'])
    expect(JSON.parse(out)).toEqual({ format: 'spanwise-convert', version: 1, runs: [{ handle: 'aaaaaaaa', id: A, name: 'agent', file: 'a.jsonl' }], written: ['b.jsonl'], problems: [], skipped: [] })
  })
})

describe('bad input', () => {
  test('a torn file: the reason and the line, exit code 2, and what can be read', async () => {
    const text = recorded(A)
    desk.write('torn.jsonl', text.slice(0, text.length - 60))
    const { code, out, err } = await desk.say(['report', 'torn.jsonl'])
    expect(code).toBe(2)
    expect(err).toMatch(/^spanwise: torn\.jsonl:\d+: /)
    expect(out).toContain('agent')
  })

  test('one bad file among good ones', async () => {
    desk.write('a.jsonl', recorded(A))
    desk.write('bad.json', '{"nothing": "known"}')
    const { code, out, err } = await desk.say(['report', 'a.jsonl', 'bad.json'])
    expect(code).toBe(2)
    expect(err).toContain('spanwise: bad.json: ')
    expect(out).toContain('agent')
  })

  test.each([
    ['an empty file', '', 'is empty'],
    ['a binary file', new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]), 'a binary file'],
    ['damaged gzip', gzipSync('x'.repeat(100)).subarray(0, 20), 'the gzip data is damaged'],
    ['a million levels', '['.repeat(1_000_000), 'x.json'],
    ['a newer version', recorded(A).replace('"version":1', '"version":99'), 'x.json:1'],
    ['a wrong type', '"__proto__"', 'x.json'],
  ])('%s', async (_, content, message) => {
    desk.write('x.json', content)
    const { code, err } = await desk.say(['report', 'x.json'])
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(err.split('\n').length).toBeLessThan(8)
  })

  test('keys like __proto__ are data', async () => {
    desk.write('x.json', '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "resourceSpans": [{"__proto__": 1}]}')
    expect((await desk.say(['report', 'x.json'])).code).toBe(2)
    expect({}).not.toHaveProperty('polluted')
  })

  test('UTF-16 with its mark is read, as some shells write it', async () => {
    desk.write('a.jsonl', Buffer.from(`\uFEFF${recorded(A)}`, 'utf16le'))
    expect(await desk.say(['report', 'a.jsonl'])).toMatchObject({ code: 0, err: '' })
  })

  test('nothing recorded: what to do', async () => {
    expect(await desk.say(['report'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('spanwise run -- node agent.js') })
    expect(await desk.say(['list'])).toMatchObject({ code: 0, out: expect.stringContaining('no runs in .spanwise yet') })
  })
})

describe('list, show and top', () => {
  beforeEach(() => {
    desk.write('.spanwise/1.jsonl', recorded(A, 'first'), 5)
    desk.write('.spanwise/2.jsonl', recorded(B, 'second'))
  })

  test('list: one line per run', async () => {
    const { code, out } = await desk.say(['list'])
    expect(code).toBe(0)
    expect(out.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^Runs +started \(UTC\) +time +LLM +tools +tokens +cost/),
      expect.stringMatching(/^ {2}aaaaaaaa2 {2}second +2026-11-01 00:00 +100 ms +1 +2 +1,280/),
      expect.stringMatching(/^ {2}aaaaaaaa1 {2}first/),
    ])
    expect(JSON.parse((await desk.say(['list', '--json', '-n', '1'])).out)).toMatchObject({ runs: [{ name: 'second', durationNs: 100e6, outcome: 'ok' }] })
  })

  test('show --tree: handles, depth and times', async () => {
    expect((await desk.say(['show', 'aaaaaaaa1', '--tree'])).out).toBe(`4 spans, 100 ms
0001  agent  agent  100 ms
0002    llm  llm  30.0 ms  1,200 in, 80 out
0003    search  tool  20.0 ms
0004    search  tool  30.0 ms
`)
  })

  test('show <run> <span>: all that is known of it', async () => {
    const { code, out } = await desk.say(['show', 'aaaaaaaa1', '0003'])
    expect(code).toBe(0)
    expect(out).toMatch(/^search {2}tool\n {2}id +0{15}3\n {2}parent +0001 {2}agent\n {2}outcome +ok\n/)
    expect(out).toMatch(/issued by +0002 {2}llm/)
    expect(out).toMatch(/finding +PAR001/)
    expect((await desk.say(['show', 'aaaaaaaa1', 'llm'])).out).toMatch(/tokens +1,200 in, 80 out/)
    expect(JSON.parse((await desk.say(['show', 'aaaaaaaa1', 'llm', '--json'])).out)).toMatchObject({ handle: '0002', span: { llm: { requestModel: 'gpt-5-mini' } } })
  })

  test('a span that is not there, or not alone', async () => {
    expect(await desk.say(['show', 'aaaaaaaa1', 'serach'])).toMatchObject({ code: 2, err: expect.stringContaining('the run has no span serach') })
    expect((await desk.say(['show', 'aaaaaaaa1', 'search'])).err).toMatch(/2 spans are called search[^]*0003 {2}search\n {2}0004 {2}search/)
  })

  test('a run of very many spans has a tree as well', async () => {
    const small = analyze(draw('agent 0-100\n  step 10-20'))
    const [agent, step] = small.spans
    const many = Array.from({ length: 150_000 }, (_, i) => ({ ...step!, id: (i + 16).toString(16).padStart(16, '0') }))
    const analysis = { ...small, spans: [agent!, ...many] }
    const handles = spanHandles(analysis)
    expect(tree(analysis, handles)).toHaveLength(150_002)
    expect(spanNamed('249ff', analysis, handles).id).toBe('00000000000249ff')
    expect(() => spanNamed('9ff', analysis, handles)).toThrow(/^\d+ spans have ids that end in 9ff; use a handle$/)
  })

  test('top: percentiles over all runs', async () => {
    const { code, out } = await desk.say(['top'])
    expect(code).toBe(0)
    expect(out).toMatch(/^Operations of 2 runs/)
    expect(out).toMatch(/search +tool +2 +4 +100 ms +20\.0 ms +30\.0 ms/)
    const { runs, operations } = JSON.parse((await desk.say(['top', '--json', '-n', '1'])).out) as { runs: number; operations: unknown[] }
    expect([runs, operations.length]).toEqual([2, 1])
  })
})

describe('long work', () => {
  const watched = { width: 80, color: false, isTerminal: true }
  const slow = () => {
    let now = 0
    return () => (now += 200)
  }
  beforeEach(() => {
    for (const i of [1, 2, 3, 4]) desk.write(`runs/${i}.jsonl`, recorded(`${i}`.padEnd(32, 'f'), `agent-${i}`))
  })

  test('tells how far it is, and takes the line back', async () => {
    const { err, out } = await desk.say(['list', 'runs'], { errorTerminal: watched, nowEpochMs: slow() })
    expect(err).toMatch(/analysing run \d of 4/)
    expect(err).toMatch(/\r *\r$/)
    expect(out).not.toContain('analysing')
    const { err: writing } = await desk.say(['report', 'runs', '-f', 'otlp', '-o', 'out/'], { errorTerminal: watched, nowEpochMs: slow() })
    expect(writing).toMatch(/writing run \d of 4/)
  })

  test('not where nobody watches, and not beside JSON', async () => {
    expect((await desk.say(['list', 'runs'], { nowEpochMs: slow() })).err).toBe('')
    expect((await desk.say(['list', 'runs', '--json'], { errorTerminal: watched, nowEpochMs: slow() })).err).toBe('')
  })
})
