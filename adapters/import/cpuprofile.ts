import { hashText } from '../../src/model/message.ts'
import { at, list } from '../shared/json.ts'
import { assemble } from './shared/assemble.ts'
import { Problems } from './shared/json-lines.ts'
import { readNodes } from './cpuprofile/nodes.ts'
import { readSamples } from './cpuprofile/samples.ts'
import { drawStacks } from './cpuprofile/stacks.ts'
import type { Importer } from './shared/importer.ts'

/**
 * CPU profiles of V8 (`node --cpu-prof`, DevTools): `nodes` is a tree of call frames, `samples` names the node that was
 * running at each of the times that `timeDeltas` (microseconds) add up to. After the Chrome DevTools protocol,
 * `Profiler.Profile`.
 *
 * Node 10 and older wrote the tree itself (`head`) and absolute `timestamps`: read as well.
 *
 * Frames that stand in consecutive samples are one span: a span says when a function was seen running, not how often it was
 * called. Idle time and the root have none. Times between samples are as exact as the sampling.
 */
export const cpuprofile: Importer = {
  name: 'cpuprofile',
  title: 'V8 CPU profile',
  detect({ text, json }) {
    if (json === undefined) return /^\s*\{\s*"nodes"\s*:\s*\[\s*\{[^]{0,300}?"callFrame"\s*:/.test(text)
    if (at(json, 'startTime') === undefined || !Array.isArray(at(json, 'samples'))) return false
    const nodes = list(at(json, 'nodes'))
    return at(json, 'head.functionName') !== undefined
      || (nodes.length > 0 && nodes.slice(0, 5).every((node) => at(node, 'callFrame') !== undefined))
  },
  read({ text }) {
    const problems = new Problems()
    let profile: unknown
    try {
      profile = JSON.parse(text)
    } catch {
      problems.add('not JSON, or cut: a CPU profile cannot be read in part')
      return { traces: [], problems: problems.all() }
    }
    const { spans, dropped } = drawStacks(readNodes(profile, problems), readSamples(profile, problems), problems)
    if (spans.length === 0) return { traces: [], problems: problems.all() }
    const trace = assemble({
      seed: `cpuprofile ${text.length} ${hashText(text)}`,
      name: 'CPU profile',
      // The profile's clock has no known beginning.
      startedAtEpochMs: 0,
      spans,
      droppedSpans: dropped,
    })
    return { traces: [trace], problems: problems.all() }
  },
}
