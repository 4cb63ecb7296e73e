import { hashText } from '../../src/model/message.ts'
import { at, fields, list, text } from '../shared/json.ts'
import { ownRun } from './chrome-trace/own.ts'
import { parseEvents } from './chrome-trace/parse.ts'
import { drawTracks } from './chrome-trace/tracks.ts'
import { assemble } from './shared/assemble.ts'
import { epochMs, Problems } from './shared/json-lines.ts'
import type { Importer } from './shared/importer.ts'

/**
 * Trace events of Chrome (`about:tracing`, DevTools, Perfetto's legacy JSON), which many tools write: Roboflow's workflow
 * profiler, Bazel, Hermes, PyTorch. After "Trace Event Format" (Google, 2016).
 *
 * Read: a list of events, with or without its closing bracket, or an object with `traceEvents`; complete events (`X`), begin
 * and end (`B`, `E`), asynchronous ones (`b`, `e`, `S`, `F`), instants (`i`, `I`), and the names of processes and threads
 * (`M`); what Chrome's CPU profiler saw (`Profile`, `ProfileChunk`, `CpuProfile`). Counters, flows and objects are counted and left
 * out. Times are microseconds of any clock. One file is one trace; several threads are spans below its root. Only Roboflow's files
 * hold several runs, and each is a trace. Our own exports say which span lies in which, and come back as they were.
 */
export const chromeTrace: Importer = {
  name: 'chrome',
  title: 'Chrome trace events',
  detect({ text: sample, json }) {
    if (Array.isArray(json)) return json.length > 0 && json.slice(0, 20).every(isEvent)
    const events = at(json, 'traceEvents')
    if (events !== undefined) return Array.isArray(events)
    // Torn or without its end, so that no part of it is JSON.
    return /^\s*(\[|\{[^]*"traceEvents"\s*:\s*\[)/.test(sample) && /\{[^{}]*"ph"\s*:\s*"[A-Za-z]"/.test(sample)
  },
  read(source) {
    const problems = new Problems()
    const { events, head } = parseEvents(source.text, problems)
    const seed = `chrome ${source.text.length} ${hashText(source.text)}`
    const own = ownRun(events, head)
    if (own !== undefined) return { traces: [assemble({ ...own, seed })], problems: problems.all() }
    const { runs, dropped } = drawTracks(events, problems)
    if (runs.length === 0) problems.add('no event with a duration was found')
    const traces = runs.map(({ spans, originUs }, i) => assemble({
      seed: i === 0 ? seed : `${seed} ${i}`,
      name: spans[0]!.name,
      startedAtEpochMs: startOf(originUs, text(at(head, 'metadata.startTime'))),
      spans,
      droppedSpans: i === 0 ? dropped : 0,
    }))
    return { traces, problems: problems.all() }
  },
}

const isEvent = (value: unknown): boolean => typeof fields(value)?.['ph'] === 'string' && list(value).length === 0

/** From 2001 on a clock that counts from 1970 has sixteen digits. Of another clock the time of day is not known: 0. */
function startOf(originUs: number, stated: string | undefined): number {
  const isEpoch = originUs >= 1e15 && originUs < 1e16
  return isEpoch ? Math.floor(originUs / 1_000) : epochMs(stated) ?? 0
}
