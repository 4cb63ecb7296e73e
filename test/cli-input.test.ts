import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { jsonReport } from '../reports/json.ts'
import { otlpReport } from '../reports/otlp.ts'
import { analyze } from '../src/analyze/index.ts'
import { LIMITS, type Limits } from '../src/cli/limits.ts'
import { LineSplitter } from '../src/cli/lines.ts'
import { load } from '../src/cli/load.ts'
import { readContent, type Content } from '../src/cli/read.ts'
import { Shape } from '../src/cli/shape.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { goldenAnalysis, goldenTrace } from './support/golden-run.ts'
import { seeded } from './support/random.ts'
import { root } from './support/source.ts'

let desk: Desk
beforeEach(() => { desk = new Desk() })
afterEach(() => desk.remove())

const ID = 'a'.repeat(32)
const runFile = encodeTrace(draw('agent 0-100\n  search 10-90 tool\n  größe 90-95', { id: ID }))
const lines = runFile.trimEnd().split('\n')

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const read = (content: string | Uint8Array, limits: Partial<Limits> = {}, size = 1_000_000): Promise<Content> =>
  readContent('x', { chunks: chunksOf(typeof content === 'string' ? Buffer.from(content) : content, size) }, { limits: { ...LIMITS, ...limits } })

const names = ({ decoded }: Content): string[] | undefined => decoded?.traces.flatMap(({ spans }) => spans.map(({ name }) => name))
const problems = ({ decoded }: Content): string[] | undefined => decoded?.problems.map(({ line, message }) => `${line}: ${message}`)
const ALL = ['agent', 'search', 'größe']

describe('a run file is read line by line', () => {
  test.each([1, 2, 7, 64, 1_000])('in chunks of %i bytes, which cut characters in two', async (size) => {
    const content = await read(runFile, {}, size)
    expect([names(content), problems(content), content.stopped]).toEqual([ALL, [], undefined])
    expect(await read(gzipSync(runFile), {}, size)).toEqual(content)
  })

  test('with a byte order mark, the line ends of Windows, and without the last line end', async () => {
    const content = await read(`\uFEFF${lines.join('\r\n')}`)
    expect([names(content), problems(content)]).toEqual([ALL, []])
  })

  test('whatever its size: only what is read as one text has a limit', async () => {
    expect(names(await read(runFile, { textBytes: 100 }))).toEqual(ALL)
    await expect(read('{"resourceSpans": []}'.padEnd(200), { textBytes: 100 })).rejects.toThrow('x: has more than 100 bytes, the most that is read')
  })

  test('a line that is too long costs only itself, and the others keep their numbers', async () => {
    const damaged = [lines[0], 'x'.repeat(5_000), ...lines.slice(1), `{${'"'.repeat(5_000)}`, 'y'].join('\n')
    for (const size of [100, 1_000_000]) {
      const content = await read(damaged, { lineBytes: 4_000 }, size)
      expect(names(content)).toEqual(ALL)
      expect(problems(content)).toEqual([
        '2: a line of 5000 bytes is too long for a record',
        `${lines.length + 2}: a line of 5001 bytes is too long for a record`,
        `${lines.length + 3}: not a record of a Spanwise run file`,
      ])
    }
  })

  test('every prefix: what came whole is kept, and what is missing is said', async () => {
    const bytes = Buffer.from(runFile)
    for (let end = lines[0]!.length + 1; end < bytes.length; end += 13) {
      const content = await read(bytes.subarray(0, end), {}, 50)
      expect(content.decoded!.traces).toHaveLength(1)
      expect(problems(content)!.length).toBeGreaterThan(0)
    }
  })
})

describe('gzip', () => {
  const noise = seeded(7)
  const many = Array.from({ length: 300 }, (_, i) => `  step${i}-${noise().toString(36)} ${i}-${i + 1} tool`)
  const long = encodeTrace(draw(`agent 0-1000\n${many.join('\n')}`, { id: ID }))

  test('that is cut or damaged gives what came before', async () => {
    const packed = gzipSync(long)
    const cut = await read(packed.subarray(0, packed.length / 2))
    expect(cut.stopped).toBe('the gzip data is damaged: unexpected end of file')
    expect(names(cut)!.length).toBeGreaterThan(50)
    const bytes = Buffer.from(packed)
    bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 64)
    expect((await read(bytes)).stopped).toMatch(/^the gzip data is damaged: /)
    const { code, out, err } = await desk.say(['report', desk.write('cut.jsonl.gz', packed.subarray(0, packed.length / 2))])
    expect(code).toBe(2)
    expect(out).toContain('agent')
    expect(err).toContain('spanwise: cut.jsonl.gz: the gzip data is damaged: unexpected end of file')
  })

  test('a bomb: a run file is read up to the limit, anything else is refused there', async () => {
    const bomb = await read(gzipSync(`${runFile}${'\n'.repeat(2_000_000)}`), { unpackedBytes: 1_000_000 })
    expect([names(bomb), bomb.stopped]).toEqual([ALL, 'unpacks to more than 1000000 bytes, the most that is read'])
    await expect(read(gzipSync(`{"a": ${' '.repeat(2_000_000)}`), { textBytes: 1_000_000 })).rejects.toThrow('x: unpacks to more than 1000000 bytes')
    await expect(read(gzipSync(Buffer.alloc(2_000_000)))).rejects.toThrow('x: a binary file')
  })

  test('two packed files one after another, as cat makes them', async () => {
    const other = encodeTrace(draw('other 0-10', { id: 'b'.repeat(32) }))
    expect(names(await read(Buffer.concat([gzipSync(runFile), gzipSync(other)])))).toEqual([...ALL, 'other'])
  })

  test('a transcript keeps the lines that came', async () => {
    const packed = gzipSync(`{"a": 1}\n${many.map((text) => JSON.stringify({ text })).join('\n')}\n`)
    const { text, stopped } = await read(packed.subarray(0, packed.length - 400))
    expect(text).toMatch(/^\{"a": 1\}\n/)
    expect(stopped).toContain('unexpected end of file')
  })
})

describe('one text', () => {
  test.each([
    ['UTF-8 with its mark', Buffer.from('\uFEFF{"größe": 1}'), '{"größe": 1}'],
    ['UTF-16', Buffer.from('\uFEFF{"größe": 1}', 'utf16le'), '{"größe": 1}'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), '"\uFFFD"'],
  ])('%s', async (_, bytes, text) => {
    expect(await read(bytes)).toEqual({ text })
    expect(await read(bytes, {}, 3)).toEqual({ text })
  })

  test('levels and values are counted before anything is parsed', async () => {
    await expect(read('['.repeat(5_000), { levels: 4_000 })).rejects.toThrow('x: nested more than 4,000 levels deep')
    await expect(read(`[${'{},'.repeat(5_000)}{}]`, { values: 4_000 })).rejects.toThrow('x: holds more than 4,000 values, the most that is read at once')
    expect(await read(`["${'['.repeat(5_000)}\\"${','.repeat(5_000)}"]`, { levels: 10, values: 10 })).toHaveProperty('text')
  })

  test('a line that was cut inside a text does not turn the others inside out', () => {
    const shape = new Shape()
    for (const line of ['{"a": "cut', '{"b": "[[[["}', '{"c": 1}']) shape.push(Buffer.from(`${line}\n`))
    expect([shape.levels, shape.values]).toEqual([2, 3])
  })
})

test('a line splitter gives the same lines however the bytes are cut', () => {
  const bytes = Buffer.from('one\n\nzwölf\r\n\n\nthe last')
  for (let size = 1; size <= bytes.length; size++) {
    const got: string[] = []
    const splitter = new LineSplitter({ line: (_bytes, from, to, textOf) => void got.push(textOf(from, to)), tooLong: (count) => void got.push(`${count}!`) }, 10)
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size))
    splitter.finish()
    expect(got).toEqual(['one', '', 'zwölf\r', '', '', 'the last'])
  }
})

describe('bad input in the command: file, line, reason, exit code 2, and the rest', () => {
  test.each([
    ['a torn file', runFile.slice(0, -30), /x\.jsonl:5: .*(cut off|damaged)/],
    ['a flipped character', runFile.replace('search', 'seArch'), /x\.jsonl:3: a damaged record: its checksum does not fit/],
    ['a line of another file', runFile.replace('\n', '\n{"hello": 1}\n'), /x\.jsonl:2: a record that is cut off or damaged/],
    ['a newer version after a run', `${runFile}${lines[0]!.replace('"version":1', '"version":9')}\n`, /x\.jsonl:6: /],
  ])('%s', async (_, content, message) => {
    desk.write('x.jsonl', content)
    const { code, out, err } = await desk.say(['report', 'x.jsonl', '--width', '100'])
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(out).toContain('agent')
  })

  test.each([
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]), 'x.jsonl: a binary file; traces are text'],
    ['a million levels', '{"resourceSpans":['.repeat(1_000_000), 'x.jsonl: '],
    ['a million closed levels', `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`, 'x.jsonl: '],
    ['spaces', ' '.repeat(100_000), 'x.jsonl: is empty'],
    ['gzip of nothing', gzipSync(''), 'x.jsonl: is empty'],
    ['half a gzip header', Buffer.from([0x1f, 0x8b, 8]), 'x.jsonl: the gzip data is damaged'],
    ['keys of every object', '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}', 'x.jsonl: '],
  ])('%s', async (_, content, message) => {
    desk.write('x.jsonl', content)
    desk.write('good.jsonl', runFile)
    const { code, out, err } = await desk.say(['report', 'x.jsonl', 'good.jsonl'])
    expect(code).toBe(2)
    expect(err).toContain(`spanwise: ${message}`)
    expect(err.split('\n').length).toBeLessThan(6)
    expect(out).toContain('search')
    expect({}).not.toHaveProperty('polluted')
  })

  test('the same through standard input', async () => {
    const { code, out, err } = await desk.say(['report', '-'], { input: gzipSync(runFile.slice(0, -30)) })
    expect(code).toBe(2)
    expect(err).toContain('spanwise: standard input:5: ')
    expect(out).toContain('search')
    expect(await desk.say(['report', '-'], { input: Buffer.from([0, 1, 2]) })).toMatchObject({ code: 2, err: expect.stringContaining('standard input: a binary file') })
  })

  test('a file that goes away while it is read is a problem of that file alone', async () => {
    desk.write('good.jsonl', runFile)
    const failing = { async *[Symbol.asyncIterator]() {
      yield Buffer.from(runFile.slice(0, -30))
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
    } }
    expect(await desk.say(['report', '-', 'good.jsonl'], { stdin: () => failing })).toMatchObject({
      code: 2, err: expect.stringContaining('standard input: EIO: i/o error, read'), out: expect.stringContaining('search'),
    })
  })
})

describe('progress', () => {
  const watched = { width: 60, color: false, isTerminal: true }

  const long = `${runFile}${`${'x'.repeat(999_999)}\n`.repeat(20)}`

  test('per cent of a long file on one line, which is taken away before anything else is said; nothing when piped', async () => {
    desk.write('long.jsonl', long)
    const { err } = await desk.say(['report', 'long.jsonl'], { errorTerminal: watched })
    const [progress = '', said = ''] = err.split(/(?=spanwise: )/)
    expect(progress).not.toContain('\n')
    const shown = progress.split('\r').map((line) => line.trim()).filter((line) => line !== '')
    expect(shown[0]).toBe('reading long.jsonl  0 %')
    expect(shown.at(-1)).toBe('reading long.jsonl  100 %')
    expect(shown.length).toBeLessThan(102)
    expect(progress).toMatch(/\r +\r$/)
    expect((await desk.say(['report', 'long.jsonl'])).err.startsWith(said)).toBe(true)
  })

  test('of several files which one, of standard input how much', async () => {
    for (const name of ['a', 'b', 'c']) desk.write(`runs/${name}.jsonl`, runFile)
    expect((await desk.say(['report', 'runs'], { errorTerminal: watched })).err).toContain('\rreading 2 of 3: runs/b.jsonl  0 %')
    const { err } = await desk.say(['report', '-'], { errorTerminal: watched, input: long })
    expect(err).toContain('\rreading standard input  19 MB')
  })
})

test('a folder and files are one set of runs; limits hold for each', async () => {
  desk.write('runs/a.jsonl', runFile)
  desk.write('runs/b.jsonl.gz', gzipSync(runFile.replaceAll(ID, ID)))
  desk.write('runs/c.json', '{"resourceSpans": []}'.padEnd(500))
  const io = { cwd: desk.cwd, home: desk.home, env: {}, err: () => {}, out: () => {}, nowEpochMs: () => 0, async *stdin() {} }
  const plain = { width: 80, color: false, isTerminal: false }
  const loaded = await load(['runs'], { ...io, terminal: plain, errorTerminal: plain }, { limits: { ...LIMITS, textBytes: 300 } })
  expect(loaded.runs.map(({ file }) => file)).toEqual(['runs/a.jsonl', 'runs/b.jsonl.gz'])
  expect(loaded.problems).toEqual([{ file: 'runs/c.json', message: 'has more than 300 bytes, the most that is read' }])
})

describe('long reports come in pieces', () => {
  const version = { version: '1.2.3' }
  test.each([['json', jsonReport], ['otlp', otlpReport]])('%s: the same text', (_, report) => {
    for (const [trace, analysis] of [[goldenTrace, goldenAnalysis] as const, [draw('x 0-1'), analyze(draw('x 0-1'))] as const]) {
      const whole = report.renderTrace?.(trace, analysis, version) ?? report.render(analysis, version)
      expect([...report.renderPieces!(trace, analysis, version)].join('')).toBe(whole)
    }
    const many = draw(`agent 0-9000\n${Array.from({ length: 1_100 }, (_, i) => `  s${i} ${i}-${i + 1}`).join('\n')}`)
    const analysis = analyze(many)
    expect([...report.renderPieces!(many, analysis)].join('')).toBe(report.renderTrace?.(many, analysis) ?? report.render(analysis))
  })
})

describe('the process', () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanwise-input-'))
    const bundle = await rolldown({ input: `${root}src/cli/main.ts`, external: (id) => !/^[./]/.test(id) && !id.startsWith(root) && id !== 'fast-string-width', platform: 'node' })
    await bundle.write({ dir: join(folder, 'bin'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
    symlinkSync(`${root}node_modules`, join(folder, 'node_modules'), 'junction')
    writeFileSync(join(folder, 'package.json'), '{"name": "spanwise", "version": "0.0.0"}')
    writeFileSync(join(folder, 'tell.mjs'), `process.on('exit', () => process.stderr.write('peak ' + Math.round(process.resourceUsage().maxRSS / 1024)))`)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  interface Ended {
    readonly status: number | null
    readonly stdout: string
    readonly stderr: string
    readonly peakMb: number
  }

  const piped = (words: readonly string[], input: Iterable<string | Uint8Array>): Promise<Ended> => new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', './tell.mjs', 'bin/main.mjs', ...words], { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += String(data)))
    child.stderr.on('data', (data) => (stderr += String(data)))
    child.stdin.on('error', () => {})
    child.on('close', (status) => resolve({ status, stdout, stderr, peakMb: Number(/peak (\d+)$/.exec(stderr)?.[1]) }))
    const feed = async (): Promise<void> => {
      for (const piece of input) if (!child.stdin.write(piece)) await new Promise((taken) => child.stdin.once('drain', taken))
      child.stdin.end()
    }
    void feed()
  })

  function* line200MB(): Generator<string | Uint8Array> {
    const piece = Buffer.alloc(4_000_000, 'x')
    yield `${lines[0]!}\n${lines[1]!}\n`
    for (let i = 0; i < 50; i++) yield piece
    yield `\n${lines.slice(2).join('\n')}\n`
  }

  test('a line of 200 MB: the runs around it, and memory for 64 MB of it', async () => {
    const { status, stdout, stderr, peakMb } = await piped(['report', '-'], line200MB())
    expect(stderr).toContain('spanwise: standard input:3: a line of 191 MB is too long for a record')
    expect(stdout).toContain('search')
    expect(status).toBe(2)
    expect(peakMb).toBeLessThan(350)
  })

  test('a gzip bomb of a gigabyte: refused at its first bytes', async () => {
    const megabytes = gzipSync(Buffer.alloc(64_000_000), { level: 1 })
    const { status, stderr, peakMb } = await piped(['report', '-'], Array.from({ length: 16 }, () => megabytes))
    expect(status).toBe(2)
    expect(stderr).toContain('spanwise: standard input: a binary file')
    expect(peakMb).toBeLessThan(300)
  })

  test('a gzip bomb in a run file: its lines are passed over', async () => {
    const bomb = gzipSync(Buffer.alloc(64_000_000, 'x'), { level: 1 })
    const { status, stdout, stderr, peakMb } = await piped(['report', '-'], [gzipSync(`${lines.slice(0, 2).join('\n')}\n`), bomb, bomb, gzipSync(`\n${lines.slice(2).join('\n')}\n`)])
    expect(stderr).toContain('spanwise: standard input:3: a line of 122 MB is too long for a record')
    expect(stdout).toContain('search')
    expect(status).toBe(2)
    expect(peakMb).toBeLessThan(350)
  })

  test('help loads neither analysis nor reports', async () => {
    const { stderr } = await piped(['--help'], [])
    expect(stderr).toMatch(/^peak/)
    const loaded = (await bundleOf('main.mjs')).join()
    expect(loaded).not.toMatch(/src\/(analyze|models|tokens|trace-file|record)|reports\/|adapters\//)
  })

  /** The sources in the files that are there at the start. */
  async function bundleOf(entry: string): Promise<string[]> {
    const bundle = await rolldown({ input: `${root}src/cli/main.ts`, external: (id) => !/^[./]/.test(id) && !id.startsWith(root), platform: 'node' })
    const { output } = await bundle.generate({ format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
    const seen = new Set<string>()
    const modules: string[] = []
    const visit = (file: string): void => {
      const chunk = output.find(({ fileName }) => fileName === file)
      if (chunk?.type !== 'chunk' || seen.has(file)) return
      seen.add(file)
      for (const id of chunk.moduleIds) modules.push(id.replace(root, ''))
      for (const next of chunk.imports) visit(next)
    }
    visit(entry)
    return modules
  }
})
