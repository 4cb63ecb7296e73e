import type { ProcessFacts } from '../model/span.ts'
import { Redactor } from '../trace-file/index.ts'
import { systemClock } from './clock.ts'
import { randomIds, type Ids } from './ids.ts'
import { defaultLimits } from './limits.ts'
import { readEnvironment, type ProfilerOptions } from './options.ts'
import type { SelfErrors } from './quietly.ts'
import type { RunOwner, RunRecord } from './recorder.ts'
import { resourceProbe } from './resources.ts'
import { Sampler } from './sampling.ts'
import type { ConfiguredOptions } from './setup.ts'
import { ChromeTraces, DEFAULT_CHROME_TRACE_DIR } from './sinks/chrome-traces.ts'
import { RunFiles } from './sinks/run-files.ts'
import { defaultRetention } from './sinks/settings.ts'
import { ToolTexts } from './tool-record.ts'
import type { TraceFacts } from './trace.ts'

/** What a profiler works with, as its options, the environment and the configuration file say. */
export interface Equipment {
  readonly enabled: boolean
  readonly content: 'none' | 'full'
  readonly owner: RunOwner
  readonly sampler: Sampler
  readonly ids: Ids
  readonly maxTraces: number
  readonly traceFacts: TraceFacts
  readonly redactor: Redactor
  readonly toolTexts: ToolTexts
  readonly files: RunFiles | undefined
  readonly chromeTraces: ChromeTraces | undefined
}

/** @param file the options of the configuration file, where none in code and no variable says otherwise */
export function equip(options: ProfilerOptions, file: ConfiguredOptions, errors: SelfErrors, sealed: (run: RunRecord) => void): Equipment {
  const environment = readEnvironment()
  const from = { ...defined(file), ...defined(environment), ...defined(options) }
  const enabled = from.enabled ?? true
  const policy = from.content ?? 'none'
  const content = policy === 'none' ? 'none' : 'full'
  const redactor = new Redactor(policy)
  const traceFacts: TraceFacts = { service: from.service, process: processFacts(), redactor }
  const limits = { ...defaultLimits, ...file.limits, ...options.limits }
  const files = enabled && typeof from.dir === 'string'
    ? new RunFiles({ dir: from.dir, policy, retention: { ...defaultRetention, ...file.retention, ...options.retention }, facts: traceFacts, errors })
    : undefined
  const { chromeTraceDir } = from
  const chromeTraces = enabled && chromeTraceDir !== undefined && chromeTraceDir !== false
    ? new ChromeTraces({ dir: chromeTraceDir === true ? DEFAULT_CHROME_TRACE_DIR : chromeTraceDir, errors })
    : undefined
  return {
    enabled, content, redactor, traceFacts, files, chromeTraces,
    sampler: new Sampler(from.sampleRate ?? 1, options.random ?? Math.random),
    ids: options.ids ?? randomIds,
    maxTraces: from.maxTraces ?? DEFAULT_MAX_TRACES,
    toolTexts: new ToolTexts(content, limits.maxToolChars),
    owner: {
      clock: options.clock ?? systemClock,
      limits, content, errors, sealed,
      probe: from.resources === true ? resourceProbe() : undefined,
      sink: files,
    },
  }
}

const DEFAULT_MAX_TRACES = 64

/** Without members that hold nothing, which would hide those below. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

function processFacts(): ProcessFacts {
  const { pid = 0, version = '', platform = 'unknown', arch = '' } = globalThis.process ?? {}
  return { pid, runtime: version === '' ? 'unknown' : `node ${version}`, platform: `${platform} ${arch}`.trim() }
}
