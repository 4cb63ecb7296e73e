import { describe, expect, test } from 'vitest'
import { chromeTrace } from '../adapters/import/chrome-trace.ts'
import { cpuprofile } from '../adapters/import/cpuprofile.ts'
import { checkTrace } from './laws.ts'
import { checkDetection, checkImport, checkPrefixes, fixture, fixtures, tree } from './support/imports.ts'

const NS_PER_US = 1_000
/** They hold samples alone, or nothing. */
const WITHOUT_SPANS = ['chrome/simple-with-samples.json']

describe('Chrome trace events', () => {
  const files = fixtures('chrome')

  test.each(files)('%s is recognised and read', (file) => {
    const source = fixture(file)
    checkDetection(chromeTrace, source)
    const read = chromeTrace.read(source)
    expect(checkImport(read).length).toBe(WITHOUT_SPANS.includes(file) ? 0 : file.startsWith('chrome/roboflow') ? 2 : 1)
    if (WITHOUT_SPANS.includes(file)) expect(read.problems.length).toBeGreaterThan(0)
  })

  test.each(files)('each beginning of %s is read', (file) => {
    const source = fixture(file)
    checkPrefixes(chromeTrace, source, source.text.length < 5_000 ? Math.ceil(source.text.length / 50) : 12)
  })

  /** The tree in microseconds, then the problems. */
  function drawn(events: unknown): string {
    const { traces, problems } = chromeTrace.read({ name: 'drawn', text: typeof events === 'string' ? events : JSON.stringify(events) })
    return [...checkImport({ traces, problems }).map((trace) => tree(trace, NS_PER_US)), ...problems.map(({ message }) => message)].join('\n')
  }
  const at = (ph: string, name: string, ts: unknown, more: object = {}): object => ({ pid: 1, tid: 1, ph, name, ts, ...more })

  test('begin and end pair by thread, last in first out, in the order of their times', () => {
    expect(drawn([at('E', 'b', 4), at('B', 'a', 0), at('E', 'a', 9), at('B', 'b', 1), at('X', 'c', 5, { dur: 2 })]))
      .toBe('a 0-9\n  b 1-4\n  c 5-7')
  })

  test('ends without begin, begins without end and other names are problems', () => {
    expect(drawn([at('E', 'x', 0), at('B', 'a', 1), at('B', 'b', 2), at('E', 'z', 5), at('X', 'c', 6, { dur: 4 })])).toBe([
      'a 0-9 cancelled', '  b 1-4', '  c 5-9',
      '1 events have no end; they last to the end of the trace',
      '1 ends have no begin and were dropped',
      '1 ends have another name than what they end',
    ].join('\n').replace('a 0-9', 'a 1-10').replace('b 1-4', 'b 2-5').replace('c 5-9', 'c 6-10'))
  })

  test('events that overlap without nesting stand beside each other', () => {
    expect(drawn([at('X', 'a', 0, { dur: 10 }), at('X', 'b', 5, { dur: 10 })])).toBe('Chrome trace 0-15\n  a 0-10\n  b 5-15')
  })

  test('asynchronous events pair by category and id; instants have no duration', () => {
    expect(drawn([
      at('b', 'load', 0, { cat: 'net', id: '0x1' }), at('b', 'load', 2, { cat: 'net', id: 2 }), at('i', 'mark', 3),
      at('e', 'load', 5, { cat: 'net', id: '0x1' }), at('e', 'load', 9, { cat: 'net', id: 2 }),
    ])).toBe('Chrome trace 0-9\n  load 0-5\n  load 2-9\n  mark 3-3')
  })

  test('threads and processes have their names; ids may be texts', () => {
    expect(drawn([
      { ph: 'M', name: 'process_name', pid: 'p', args: { name: 'server' } }, { ph: 'M', name: 'thread_name', pid: 'p', tid: 't', args: { name: 'main' } },
      { ph: 'X', name: 'a', pid: 'p', tid: 't', ts: '10', dur: '5' }, { ph: 'X', name: 'b', pid: 'p', tid: 2, ts: 12, dur: 5 },
    ])).toBe('Chrome trace 0-7\n  server/main 0-5\n    a 0-5\n  server/thread 2 2-7\n    b 2-7')
  })

  test('a list without its bracket is whole; a cut event is a problem', () => {
    expect(drawn('[{"ph":"X","name":"a \\"}","ts":0,"dur":3},\n')).toBe('a "} 0-3')
    expect(drawn('[{"ph":"X","name":"a","ts":0,"dur":3},\n{"ph":"X","na')).toBe('a 0-3\nthe last event is cut')
    expect(drawn('{"other":{},"traceEvents": [{"ph":"X","name":"a","ts":0,"dur":3}')).toBe('a 0-3')
  })

  test('what cannot be drawn is counted', () => {
    expect(drawn([at('X', 'a', 0, { dur: 1 }), at('X', 'b', 0), at('X', 'c', 'soon'), at('C', 'd', 0), at('X', 'e', 1e18, { dur: 1 })])).toBe([
      'a 0-1',
      '1 events have no phase or no time',
      'events that are not spans were left out: 1 of phase C',
      '1 events lie too far from the first one',
      '1 complete events have no duration and were dropped',
    ].join('\n'))
  })

  test("a workflow trace in the form of Roboflow's profiler, with its monotonic clock", () => {
    const text = JSON.stringify([
      at('B', 'workflow_run', 5_000_000), at('X', 'workflow_compilation', 5_000_010, { dur: 90, cat: 'workflow_execution_engine_operation' }),
      at('X', 'detector_step', 5_000_200, { dur: 700, cat: 'workflow_block_operation', args: { step: '$steps.detector' } }),
      at('I', 'note', 5_000_950), at('E', 'workflow_run', 5_001_000),
    ])
    const [trace] = checkImport(chromeTrace.read({ name: 'x', text }))
    expect(tree(trace!, NS_PER_US)).toBe('workflow_run 0-1000\n  workflow_compilation 10-100\n  detector_step 200-900\n  note 950-950')
    expect(trace!.startedAtEpochMs).toBe(0)
    expect(trace!.spans[2]!.attributes).toEqual({ 'chrome.cat': 'workflow_block_operation', 'args.step': '$steps.detector' })
  })

  test("Roboflow's file of several runs gives a trace for each; pool threads lie below the phase that waits for them", () => {
    const { traces, problems } = chromeTrace.read(fixture('chrome/roboflow-runs.json'))
    const run = (failed: string): string => [
      'workflow_run 0-1000', '  workflow_parsing 10-410', '  workflow_steps_execution 500-950', '    step_input_assembly 520-540',
      '    workflow_block_execution 550-750', `    workflow_block_execution 560-900${failed}`,
    ].join('\n')
    expect(traces.map((trace) => tree(trace, NS_PER_US))).toEqual([run(''), `${run(' failed')}\n      workflow_block_execution_error 899-899`])
    expect(new Set(traces.map(({ id }) => id)).size).toBe(2)
    expect(problems).toEqual([])
  })

  test('beside other events a run of that name is an event like others', () => {
    expect(drawn([at('B', 'workflow_run', 0), at('E', 'workflow_run', 5), at('X', 'after', 7, { dur: 1 })])).toBe('Chrome trace 0-8\n  workflow_run 0-5\n  after 7-8')
  })

  test('our own categories are taken over, times of day where the clock has them, and long texts are not', () => {
    const text = JSON.stringify([at('X', 'ask', 1_790_000_000_000_000, { dur: 5, cat: 'llm', args: { prompt: 'x'.repeat(500), __proto__x: 1, n: 2 } })])
    const { traces: [trace] } = chromeTrace.read({ name: 'x', text })
    expect(trace!.startedAtEpochMs).toBe(1_790_000_000_000)
    expect(trace!.spans[0]).toMatchObject({ category: 'llm', attributes: { 'args.n': 2 } })
    expect(trace!.spans[0]!.attributes).not.toHaveProperty('args.prompt')
  })

  test('a nest of 20,000 is read', () => {
    const events = Array.from({ length: 20_000 }, (_, i) => at('X', 'a', i, { dur: 50_000 - 2 * i }))
    expect(chromeTrace.read({ name: 'x', text: JSON.stringify(events) }).traces[0]!.spans.length).toBe(20_000)
  })

  test.each(['', '[', '{}', '[1,null,"x"]', '{"traceEvents":{}}', '[{"ph":5}]', '{"traceEvents":[{"ph":"X","ts":{},"dur":[]}]}', '['.repeat(100_000)])(
    'bad input gives problems and no exception: %.40s', (text) => {
      const read = chromeTrace.read({ name: 'bad', text })
      expect(checkImport(read)).toEqual([])
      expect(read.problems.length).toBeGreaterThan(0)
    })
})

describe("Chrome's CPU profiler inside of a trace", () => {
  const head = (more: object = {}): object => ({ ph: 'P', name: 'Profile', pid: 1, tid: 1, id: '0x1', ts: 100, args: { data: { startTime: 100 } }, ...more })
  const chunk = (nodes: unknown, samples: readonly number[], timeDeltas: readonly number[], more: object = {}): object =>
    ({ ph: 'P', name: 'ProfileChunk', pid: 1, tid: 9, id: '0x1', ts: 130, args: { data: { cpuProfile: { nodes, samples }, timeDeltas } }, ...more })
  const node = (id: number, functionName: string, parent?: number): object => ({ id, callFrame: { functionName, scriptId: 0 }, ...(parent !== undefined && { parent }) })
  const drawn = (events: readonly object[]): string => {
    const { traces, problems } = chromeTrace.read({ name: 'x', text: JSON.stringify(events) })
    return [...checkImport({ traces, problems }).map((trace) => tree(trace, NS_PER_US)), ...problems.map(({ message }) => message)].join('\n')
  }

  test('parts of a profile go on where the one before them ended, and know its nodes', () => {
    expect(drawn([
      head(), chunk([node(1, '(root)'), node(2, 'a', 1)], [2, 2], [10, 10]), chunk([node(3, 'b', 2)], [3, 2], [20, 30]),
      { ph: 'X', name: 'task', pid: 1, tid: 1, ts: 90, dur: 100 },
    ])).toBe(['Chrome trace 0-100', '  task 0-100', '  CPU profile 10-80', '    a 20-80', '      b 50-80'].join('\n'))
  })

  test('a profile alone is the root; one without samples is nothing', () => {
    expect(drawn([head(), head({ id: '0x2' }), chunk([node(1, '(root)'), node(2, 'a', 1), node(3, '(idle)', 1)], [2, 3], [10, 10])]))
      .toBe('CPU profile 0-20\n  a 10-20')
  })

  test('profiles of several threads stand in their threads; a part without a beginning is a problem', () => {
    const nodes = [node(1, '(root)'), node(2, 'a', 1), node(3, '(idle)', 1)]
    expect(drawn([head(), head({ id: '0x2', tid: 2 }), chunk(nodes, [2, 3], [1, 5]), chunk(nodes, [2, 3], [2, 5], { id: '0x2' }), chunk(nodes, [2], [2], { id: '0x3' })])).toBe([
      'Chrome trace 0-7', '  thread 1/1 0-6', '    CPU profile 0-6', '      a 1-6', '  thread 1/2 0-7', '    CPU profile 0-7', '      a 2-7',
      '1 parts of CPU profiles have no beginning and were left out',
    ].join('\n'))
  })

  test('until Chrome 67 one event held the whole profile', () => {
    const { traces, problems } = chromeTrace.read(fixture('chrome/devtools-66-worker.json.gz'))
    const names = new Set(traces[0]!.spans.map(({ name }) => name))
    expect([names.has('onmessage'), traces[0]!.spans.filter(({ name }) => name === 'CPU profile').length]).toEqual([true, 2])
    expect(problems.filter(({ message }) => /sample|profile/.test(message))).toEqual([])
    expect(problems.filter(({ severity }) => severity === 'note').map(({ message }) => message)).toEqual([
      'events that are not spans were left out: 6 of phase T, 4 of phase N, 4 of phase D',
    ])
  })

  test.each([['chrome/devtools-69.json.gz', 283.121], ['chrome/devtools-116.json.gz', 269.531]])('%s: the samples last as long as their times add up to', (file, ms) => {
    const { traces: [trace] } = chromeTrace.read(fixture(file))
    const profile = trace!.spans.find(({ name }) => name === 'CPU profile')!
    expect((profile.end! - profile.start) / 1e6).toBe(ms)
    expect(trace!.spans.filter(({ name }) => ['alpha', 'beta', 'gamma', 'delta'].includes(name)).length).toBeGreaterThan(100)
  })
})

describe('V8 CPU profiles', () => {
  test.each(['cpuprofile/simple.cpuprofile', 'cpuprofile/node-10.cpuprofile'])('%s is recognised and read', (file) => {
    const source = fixture(file)
    checkDetection(cpuprofile, source)
    const [trace] = checkImport(cpuprofile.read(source))
    expect(new Set(trace!.spans.map(({ name }) => name))).toEqual(new Set(['CPU profile', '(anonymous)', 'a', 'b', 'c', 'd']))
    checkPrefixes(cpuprofile, source, source.text.length)
  })

  test('a profile with 200,000 changes of its stack is read', () => {
    const source = fixture('cpuprofile/sucrase.cpuprofile.gz')
    checkDetection(cpuprofile, source)
    const { traces, problems } = cpuprofile.read(source)
    expect(traces[0]!.spans.length).toBe(206_378)
    checkTrace(traces[0]!)
    expect(problems).toEqual([])
  })

  /** A profile of `root` with a calling b and c: samples as `node@time`. */
  function profile(drawn: string, more: object = {}): string {
    const samples = drawn.split(' ').map((one) => one.split('@').map(Number) as [number, number])
    const frame = (functionName: string): object => ({ functionName, url: 'file.js', lineNumber: 4 })
    return JSON.stringify({
      nodes: [
        { id: 1, callFrame: frame('(root)'), children: [2, 5, 6] }, { id: 2, callFrame: frame('a'), children: [3, 4] },
        { id: 3, callFrame: frame('b') }, { id: 4, callFrame: frame('c') }, { id: 5, callFrame: frame('(idle)') },
        { id: 6, callFrame: frame('(garbage collector)') },
      ],
      startTime: 1_000, endTime: 1_100,
      samples: samples.map(([node]) => node),
      timeDeltas: samples.map(([, time], i) => time - (samples[i - 1]?.[1] ?? 0)),
      ...more,
    })
  }
  function drawn(text: string): string {
    const { traces, problems } = cpuprofile.read({ name: 'x', text })
    return [...checkImport({ traces, problems }).map((trace) => tree(trace, NS_PER_US)), ...problems.map(({ message }) => message)].join('\n')
  }

  test('frames of consecutive samples are one span; idle time is none', () => {
    expect(drawn(profile('2@10 3@20 3@30 4@40 5@60 2@80'))).toBe([
      'CPU profile 0-100', '  a 10-60', '    b 20-40', '    c 40-60', '  a 80-100',
    ].join('\n'))
  })

  test('the collector interrupts what runs', () => {
    expect(drawn(profile('3@10 6@20 3@30'))).toBe('CPU profile 0-100\n  a 10-100\n    b 10-100\n      (garbage collector) 20-30')
  })

  test('samples whose time goes back are put in order', () => {
    expect(drawn(profile('3@10 5@30 4@20'))).toBe('CPU profile 0-100\n  a 10-30\n    b 10-20\n    c 20-30')
  })

  test('a span says where its function stands', () => {
    const { traces } = cpuprofile.read({ name: 'x', text: profile('3@10') })
    expect(traces[0]!.spans[1]!.attributes).toEqual({ 'code.file.path': 'file.js', 'code.line.number': 5 })
  })

  test('rings, unknown nodes and missing times are no exceptions', () => {
    const ring = [{ id: 1, callFrame: {}, children: [2] }, { id: 2, callFrame: {}, children: [1] }]
    expect(drawn(profile('1@10 2@20', { nodes: ring }))).toContain('(anonymous) 10-20')
    expect(drawn(profile('9@10'))).toBe('CPU profile 0-100\n1 samples name no node')
    expect(drawn(profile('2@10', { timeDeltas: [] }))).toBe('1 samples have no time; they are left out')
    expect(drawn(profile('2@10', { samples: ['x'], endTime: 'y' }))).toBe('1 samples are not numbers; they are left out')
    expect(drawn('{"nodes":')).toBe('not JSON, or cut: a CPU profile cannot be read in part')
  })
})
