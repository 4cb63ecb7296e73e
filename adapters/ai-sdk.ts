import { show, type Profiler } from '../src/kit.ts'
import { createIntegration, type Integration } from './ai-sdk/integration.ts'
import { createMiddleware, type Middleware } from './ai-sdk/middleware.ts'
import type { Tracer } from './ai-sdk/tracer-span.ts'
import { SpanwiseTracer } from './ai-sdk/tracer.ts'
import { profilerOf } from './shared/options.ts'

/**
 * Recording for the AI SDK (`ai` 5, 6 and 7), in two ways that may be used together.
 * Telemetry sees what the SDK does: `generateText`, `streamText`, `generateObject`, `streamObject` and agents, with their steps and tools,
 * `embed`, `embedMany` and `rerank`. The middleware sees what one model is asked, whoever asks.
 */
export interface AiSdkOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /** In versions 5 and 6: your own tracer, which gets its spans as before. */
  readonly tracer?: Tracer
}

/**
 * What `spanwiseTelemetry` gives: the settings of one call, and in version 7 also an integration for `registerTelemetry`. Empty when
 * recording is switched off: the SDK would write out all that it sends for nothing.
 */
export interface AiSdkTelemetry extends Partial<Integration> {
  readonly isEnabled?: true
  readonly tracer?: Tracer
  readonly integrations?: Integration
}

interface Known {
  readonly integration: Integration
  readonly tracer: Tracer
}

/** By profiler, for all copies of this package in the process: what is registered twice is recorded once. */
const KEY = Symbol.for('spanwise.ai-sdk.v1')
const globals = globalThis as { [KEY]?: WeakMap<Profiler, Known> }
const known: WeakMap<Profiler, Known> = (globals[KEY] ??= new WeakMap())

/**
 * Version 7: `registerTelemetry(spanwiseTelemetry())`, once for all calls, or `telemetry: spanwiseTelemetry()` in one of them.
 * Versions 5 and 6: `experimental_telemetry: spanwiseTelemetry()` in each call; settings of your own go beside it:
 * `{ ...spanwiseTelemetry(), functionId: 'planner' }`.
 * @throws TypeError when an option is of the wrong kind
 */
export function spanwiseTelemetry(options: AiSdkOptions = {}): AiSdkTelemetry {
  const profiler = profilerOf('spanwiseTelemetry(options)', options)
  const { tracer: own } = options
  if (own !== undefined && typeof own?.startActiveSpan !== 'function') {
    throw new TypeError(`spanwiseTelemetry(options): options.tracer must be a tracer of OpenTelemetry's, got ${show(own)}`)
  }
  if (!profiler.enabled) return own === undefined ? {} : { isEnabled: true, tracer: own }
  let one = known.get(profiler)
  if (one === undefined) known.set(profiler, (one = { integration: createIntegration(profiler), tracer: new SpanwiseTracer(profiler) }))
  const { integration } = one
  return { ...integration, isEnabled: true, tracer: own === undefined ? one.tracer : new SpanwiseTracer(profiler, own), integrations: integration }
}

/**
 * For `wrapLanguageModel({ model, middleware: spanwiseMiddleware() })`, and for `wrapEmbeddingModel` from version 6 on. Of several
 * middlewares the last one sees what is really sent.
 * @throws TypeError when `options.profiler` is no Profiler
 */
export function spanwiseMiddleware(options: Pick<AiSdkOptions, 'profiler'> = {}): Middleware {
  return createMiddleware(profilerOf('spanwiseMiddleware(options)', options))
}

/** @internal For `spanwise/register`: tells version 7 of us once, for all its calls. */
export function watchAiSdk(registerTelemetry: (telemetry: AiSdkTelemetry) => void): void {
  registerTelemetry(spanwiseTelemetry())
}

export type { Integration as AiSdkIntegration, Middleware as AiSdkMiddleware, Tracer as AiSdkTracer }
