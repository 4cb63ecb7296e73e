import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otlpReport } from '../reports/otlp.ts'
import { analyze } from '../src/analyze/index.ts'
import { commands } from '../src/cli/commands.ts'
import type { Trace } from '../src/model/span.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { buildCli, type BuiltCli } from './support/built-cli.ts'
import { Desk } from './support/cli.ts'
import { root } from './support/source.ts'

/** Every example of every help, as it stands there, in a real shell. */
interface Example {
  readonly of: string
  readonly line: string
}

async function examples(): Promise<Example[]> {
  const desk = new Desk()
  const found: Example[] = []
  for (const of of ['', ...commands.map(({ name }) => name)]) {
    const { out } = await desk.say(of === '' ? ['--help'] : ['help', of])
    const [, section = ''] = /\nExamples\n((?: {2}.*\n)+)/.exec(out) ?? []
    for (const [, line] of section.matchAll(/^ {2}(.*?)(?: {2,}.*)?$/gm)) found.push({ of, line: line! })
  }
  desk.remove()
  return found
}

const all = await examples()

const ids = ['3f2a9c07', '81bd04e2', '5c00aa19'].map((start) => start.padEnd(32, '0'))
const traceOf = (id: string): Trace => {
  const drawn = draw('agent 0-100\n  llm 5-35 llm model=gpt-5-mini in=1200 out=80\n  search 40-60 tool', { id, name: 'agent' })
  return { ...drawn, spans: drawn.spans.map((span) => ({ ...span, traceId: id })) }
}

let built: BuiltCli
beforeAll(async () => {
  built = await buildCli()
  for (const id of ids.slice(0, 2)) built.write(`.spanwise/2026-11-21_05-30-00_${id.slice(0, 12)}.spanwise.jsonl`, encodeTrace(traceOf(id)))
  for (const id of ids) built.write(`runs/${id}.jsonl`, encodeTrace(traceOf(id)))
  for (const side of ['main-runs', 'branch-runs']) {
    for (let i = 1; i <= 6; i++) built.write(`${side}/${i}.jsonl`, encodeTrace(traceOf(String(i).padEnd(32, side[0] === 'm' ? 'a' : 'b'))))
  }
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) built.write(`${name}.jsonl`, encodeTrace(traceOf(String(i).padEnd(32, 'c'))))
  built.write('spanwise.budget.json', JSON.stringify({ durationMs: 8000 }))
  built.write('run.jsonl', encodeTrace(traceOf(ids[2]!)))
  const trace = traceOf(ids[2]!)
  built.write('trace.json', otlpReport.renderTrace!(trace, analyze(trace), {}))
  built.write('langfuse.json', gunzipSync(readFileSync(`${root}test/fixtures/import/langfuse/google-gemini-2025-08-01.trace.json.gz`)))
  const session = `{"type":"user","uuid":"u1","parentUuid":null,"timestamp":"2026-11-21T04:00:00.000Z","sessionId":"258c7280","cwd":"/work/my-project","version":"2.1.0","message":{"role":"user","content":"Hi"}}
{"type":"assistant","uuid":"u2","parentUuid":"u1","requestId":"r1","timestamp":"2026-11-21T04:00:05.000Z","sessionId":"258c7280","cwd":"/work/my-project","version":"2.1.0","message":{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet-4-5","stop_reason":"end_turn","content":[{"type":"text","text":"Hello"}],"usage":{"input_tokens":10,"output_tokens":5}}}
`
  built.write('home/.claude/projects/-work-my-project/258c7280-ae70-4798-800f-63464d01a85d.jsonl', session)
  built.write('agent.js', `import('spanwise').then(({ profiler }) => profiler.run('agent', async () => console.log('done')))`)
  built.write('package.json', JSON.stringify({ scripts: { test: 'node agent.js' } }))
  for (const folder of ['.local/share/bash-completion/completions', '.zfunc', '.config/fish/completions']) mkdirSync(join(built.cwd, 'home', folder), { recursive: true })
})
afterAll(() => built.remove())

describe('examples', () => {
  test('every help has two to eight of them', () => {
    for (const of of ['', ...commands.map(({ name }) => name)]) {
      const count = all.filter((example) => example.of === of).length
      expect([of, count >= 2 && count <= 8]).toEqual([of, true])
    }
  })

  // They go on until they are stopped: test/ui-command.test.ts and test/proxy-command.test.ts start them as their examples do.
  test.each(all.filter(({ of }) => of !== 'ui' && of !== 'proxy'))('$of: $line', ({ line }) => {
    const { status, stderr } = built.bash(`set -o pipefail; ${line}`)
    expect({ line, status, stderr: stderr.match(/^spanwise: (?!wrote|recorded).*/gm) }).toEqual({ line, status: 0, stderr: null })
  })

  test('and the files that they write are there', () => {
    for (const file of ['demo.chrome.json', 'demo.speedscope.json', 'report.md', 'runs.md', 'session.md', 'run.speedscope.json']) {
      expect([file, built.read(file).length > 100]).toEqual([file, true])
    }
    expect(JSON.parse(built.read('run.json'))).toMatchObject({ format: 'spanwise-analysis' })
  })
})
