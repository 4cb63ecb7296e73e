import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { analyze } from 'spanwise'
import { htmlReport } from 'spanwise/html'
import { largeTrace } from '../bench/large-trace.ts'
import type { Trace } from '../src/model/span.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import type { RunDocument } from '../viewer/document/run-document.ts'
import { unpackRun } from '../viewer/document/unpack.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { goldenTrace } from './support/golden-run.ts'

const one: Trace = draw('agent 0-100')
const named = (name: string): Trace => ({ ...one, name, spans: one.spans.map((span) => ({ ...span, name })) })

const dataOf = (html: string): string => /<script type="application\/octet-stream" id="run">([^<]*)<\/script>/.exec(html)?.[1] ?? ''
const documentOf = (html: string): RunDocument => unpackRun(gunzipSync(Buffer.from(dataOf(html), 'base64')))
const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

describe('the file', () => {
  test('a run of one span weighs at most 400 kB', () => {
    expect(Buffer.byteLength(htmlReport(one))).toBeLessThanOrEqual(400_000)
  })

  test('each span of a long run adds some tens of bytes', () => {
    const spans = 10_000
    const grown = htmlReport(largeTrace(spans)).length - htmlReport(one).length
    expect(grown / spans).toBeLessThan(100)
  })

  test('holds the run, its analysis and what simulating it needs', () => {
    const { analysis, spans, replay } = documentOf(htmlReport(goldenTrace))
    expect(spans.count).toBe(goldenTrace.spans.length)
    expect(analysis.totals).toEqual(analyze(goldenTrace).totals)
    expect(replay?.changes).toHaveLength(analysis.findings.length)
  })

  test('the same trace and options give the same file; options are those of the analysis', () => {
    expect(htmlReport(goldenTrace)).toBe(htmlReport(goldenTrace))
    const { analysis } = documentOf(htmlReport(goldenTrace, { thresholds: { savingMs: 1e6 } }))
    expect(analysis.findings).toEqual([])
  })

  test('of an analysis alone: without contents, and nothing to simulate with', () => {
    const { spans, content, replay } = documentOf(htmlReport(analyze(goldenTrace)))
    expect(spans.count).toBe(goldenTrace.spans.length)
    expect({ parts: content.parts, tools: content.tools, replay }).toEqual({ parts: [], tools: {}, replay: undefined })
  })

  test('of nothing: says so, without a script', () => {
    const html = htmlReport(undefined)
    expect(html).toContain('Nothing was recorded')
    expect(html).not.toContain('<script')
  })

  test('a notice stands above it, as text', () => {
    const html = htmlReport(one, { notice: { text: '<b>answered</b>', link: { text: 'the "response"', href: '?a=1&b="2"' } } })
    expect(html).toContain('<p class="notice">&#60;b&#62;answered&#60;/b&#62; <a href="?a=1&#38;b=&#34;2&#34;">the &#34;response&#34;</a></p>\n<div id="app">')
    expect(htmlReport(one, { notice: { text: 'answered' } })).toContain('<p class="notice">answered</p>\n<div id="app">')
    expect(htmlReport(one)).not.toContain('<p class="notice">')
  })

  test('of something else: says what it got', () => {
    expect(() => htmlReport({ name: 'x' } as never)).toThrow(TypeError)
    expect(() => htmlReport(one, { thresholds: { savingMs: -1 } })).toThrow(RangeError)
  })

  test('what looks like a secret is masked', () => {
    const key = `sk-ant-${'api03-'}${'Ab1_'.repeat(8)}`
    const html = htmlReport({ ...named(`agent ${key}`), tags: { key }, service: key })
    expect(html + gunzipSync(Buffer.from(dataOf(html), 'base64')).toString('latin1')).not.toContain(key)
  })
})

describe('hardening', () => {
  const html = htmlReport(goldenTrace)

  test.each([
    ['</title><script>alert(1)</script>', '&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;'],
    ['"\'&<>', '&#34;&#39;&#38;&#60;&#62;'],
    ['a\u0000b\u001b[31mc\nd\u202ee', 'a␀bc de'],
  ])('the title %j is text', (name, expected) => {
    expect(htmlReport(named(name))).toContain(`<title>${expected} · Spanwise</title>`)
  })

  test('nothing of the run stands in the page but its title, and in base64', () => {
    expect(dataOf(html)).toMatch(/^[A-Za-z0-9+/]{1000,}={0,2}$/)
    const rest = (page: string): string => page.replace(dataOf(page), '').replace(/<title>.*<\/title>/, '')
    expect(rest(html)).toBe(rest(htmlReport(named('</script><script>alert(1)</script>'))))
  })

  test('data, scripts and style end where they should, and nowhere before', () => {
    expect(html.match(/<\/script/gi)).toHaveLength(3)
    expect(html.match(/<\/style/gi)).toHaveLength(1)
    expect(html.match(/<!--/g)).toBeNull()
  })

  test('the policy allows these two scripts and this style by their hashes, and makes no exception', () => {
    const [, start = ''] = /<script type="module">([\s\S]*?)<\/script>/.exec(html)!
    const [, packed = ''] = /<script type="application\/octet-stream" id="page">([A-Za-z0-9+/=]*)<\/script>/.exec(html)!
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html)!
    const script = gunzipSync(Buffer.from(packed, 'base64')).toString()
    expect(/http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.split('; ')).toEqual([
      "default-src 'none'", `script-src ${sha256(start)} ${sha256(script)}`, `style-src ${sha256(style)}`, 'img-src data:', "base-uri 'none'", "form-action 'none'",
    ])
  })

  test('no element asks for anything', () => {
    const markup = html.replace(/<script[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, '')
    expect(markup).not.toMatch(/\b(src|href|srcset|action|style|on\w+)=/i)
    expect(/<style>([\s\S]*)<\/style>/.exec(html)![1]).not.toMatch(/@import|url\((?!data:)/i)
  })
})

describe('the command', () => {
  let desk: Desk
  beforeEach(() => { desk = new Desk() })
  afterEach(() => desk.remove())
  const written = (name: string): string => readFileSync(join(desk.cwd, name), 'utf8')

  test.each([
    ['report', 'run.jsonl', '-o', 'run.html'], ['report', 'run.jsonl', '-o', 'run.HTM'], ['convert', 'run.jsonl', '-o', 'run.html'],
    ['report', 'run.jsonl', '-f', 'html', '-o', 'run.page'], ['demo', '-o', 'run.html'],
  ])('spanwise %s %s %s %s', async (...words) => {
    desk.write('run.jsonl', encodeTrace(goldenTrace))
    const file = words.at(-1)!
    expect(await desk.say(words)).toMatchObject({ code: 0, out: '', err: expect.stringContaining(`spanwise: wrote ${file}`) as string })
    expect(documentOf(written(file)).spans.count).toBeGreaterThan(10)
    expect(documentOf(written(file)).replay).toBeDefined()
  })

  test('packed, where the name says so', async () => {
    desk.write('run.jsonl', encodeTrace(one))
    await desk.say(['report', 'run.jsonl', '-o', 'run.html.gz'])
    expect(gunzipSync(readFileSync(join(desk.cwd, 'run.html.gz'))).toString()).toBe(`${htmlReport(one).trim()}\n`)
  })

  test('several runs: a folder of files, and no single file', async () => {
    desk.write('runs/a.jsonl', encodeTrace({ ...one, id: 'a'.repeat(32) }))
    desk.write('runs/b.jsonl', encodeTrace({ ...one, id: 'b'.repeat(32) }))
    expect(await desk.say(['report', 'runs', '-o', 'all.html'])).toMatchObject({ code: 2, err: expect.stringContaining('an html file holds one run, and these are 2') as string })
    expect(existsSync(join(desk.cwd, 'all.html'))).toBe(false)
    expect((await desk.say(['report', 'runs', '-f', 'html', '-o', 'out/'])).code).toBe(0)
    expect(readdirSync(join(desk.cwd, 'out')).sort()).toEqual(['agent-aaaaaaaa.html', 'agent-bbbbbbbb.html'])
  })

  test('to standard output, but not to a terminal', async () => {
    desk.write('run.jsonl', encodeTrace(one))
    expect((await desk.say(['report', 'run.jsonl', '-f', 'html'])).out).toBe(htmlReport(one))
    const terminal = { width: 80, color: false, isTerminal: true }
    expect(await desk.say(['report', 'run.jsonl', '-f', 'html'], { terminal })).toMatchObject({ code: 2, out: '' })
  })
})
