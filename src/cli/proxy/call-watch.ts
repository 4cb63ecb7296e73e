import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { watchRaw } from '../../../adapters/shared/answer.ts'
import { providerAt } from '../../../adapters/shared/provider.ts'
import { BodyParser, type BodyKind, type RawWatch } from '../../../adapters/shared/raw-response.ts'
import { describe } from '../../../adapters/shared/sdk-client.ts'
import { CANCELLED, OPEN, type Outcome } from '../../model/span.ts'
import type { AttemptRecorder } from '../../record/attempt.ts'
import { beginLlmCall, type LlmCall } from '../../record/llm-call.ts'
import { BodyCopy, PlainBody, unpacked } from './body-copy.ts'
import { endpointOf, type AskedEndpoint } from './endpoints.ts'
import { failureIn, httpFailure, reachFailure } from './failures.ts'
import type { Watch } from './forward.ts'
import type { Recording } from './recorder.ts'
import type { OpenRun } from './runs.ts'
import type { Upstream } from './upstreams.ts'

interface AskedRequest {
  readonly headers: IncomingHttpHeaders
  readonly upstream: Upstream
  /** As the upstream gets it, with the query. */
  readonly path: string
}

/** On the span of a call of which not all could be read: `request`, `answer`. */
const UNREAD = 'spanwise.proxy.unread'

/** A request that is a call of a model. */
interface Known {
  readonly run: OpenRun
  readonly call: LlmCall
  readonly asked: AskedEndpoint
  readonly attempt: AttemptRecorder | undefined
  /** By which a next try of it is known; absent when it was not read. */
  readonly id: string | undefined
}

/** One HTTP request, read into a call: that of a client's next try goes to the call that failed. */
export class CallWatch implements Watch {
  readonly #recording: Recording
  readonly #request: AskedRequest
  readonly #startMs: number
  readonly #copy: BodyCopy
  readonly #tries: number
  readonly #isJson: boolean
  readonly #unread: string[] = []
  #isSettled = false
  #known: Known | undefined
  /** Of the answer; undefined until it has come. */
  #body: PlainBody | undefined
  #raw: RawWatch | undefined
  #failure: Outcome | undefined
  #endMs = 0

  constructor(recording: Recording, request: AskedRequest) {
    const { clock, budget, limits } = recording
    this.#recording = recording
    this.#request = request
    this.#startMs = clock.now()
    this.#copy = new BodyCopy(budget, limits.request)
    this.#tries = Number(request.headers['x-stainless-retry-count'] ?? 0)
    // Forms hold files, which nobody reads.
    this.#isJson = /json|^text\/|^$/.test(request.headers['content-type'] ?? '')
  }

  requestBytes(bytes: Uint8Array): void {
    if (!this.#isSettled && this.#isJson) this.#copy.add(bytes)
  }

  requestEnd(): void {
    this.#settle(true)
  }

  answered(head: IncomingMessage): void {
    this.#settle(false)
    const known = this.#known
    if (known === undefined) return
    const { statusCode: status = 0, statusMessage = '', headers } = head
    known.attempt?.responded(status)
    const isFailure = status >= 400
    if (isFailure) this.#failure = httpFailure(status, statusMessage)
    const kind = kindOf(headers['content-type'])
    if (kind === 'events' || kind === 'lines') known.call.draft.streamed = true
    this.#raw = isFailure ? this.#errorReader(status, statusMessage) : this.#answerReader(known)
    this.#body = this.#plainBody(headers['content-encoding'], kind, this.#raw)
  }

  answerBytes(bytes: Uint8Array): void {
    this.#endMs = this.#recording.clock.now()
    this.#body?.add(bytes)
  }

  answerEnd(): void {
    this.#endMs = this.#recording.clock.now()
    if (this.#body !== undefined) this.#body.end()
    else this.#finish()
  }

  failed(error: Error): void {
    this.#stop(reachFailure(error), (attempt) => attempt.failed(error))
  }

  left(): void {
    this.#stop(CANCELLED, (attempt) => attempt.failed(new DOMException('the client went', 'AbortError')))
  }

  /** Before its end. What had come of an answer is kept. */
  #stop(outcome: Outcome, tell: (attempt: AttemptRecorder) => void): void {
    this.#settle(false)
    this.#endMs = this.#recording.clock.now()
    const known = this.#known
    if (known === undefined) return
    const hadAnswer = this.#body !== undefined
    this.#body?.close()
    if (!hadAnswer && known.attempt !== undefined) tell(known.attempt)
    if (hadAnswer && this.#failure === undefined) this.#past(() => this.#raw?.end(outcome))
    else this.#failure ??= outcome
    this.#finish(outcome)
  }

  /**
   * What the request is, is known: it becomes a call from the time on at which it came.
   * @param isWhole false when it was answered, or over, before all of its body had come
   */
  #settle(isWhole: boolean): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { headers, path } = this.#request
    const isRead = isWhole && this.#isJson && !this.#copy.isTooLarge
    const packed = this.#copy.take()
    const body = isRead ? this.#readRequest(packed) : undefined
    const asked = endpointOf(path, body)
    if (asked === undefined) return
    const run = this.#recording.runs.enter(headers, this.#startMs)
    if (run === undefined) return
    const id = isRead ? `${path} ${createHash('sha256').update(packed).digest('base64')}` : undefined
    const earlier = id !== undefined && this.#tries > 0 ? run.takeFailed(id, this.#tries) : undefined
    const call = earlier === undefined ? this.#begin(asked, run) : reopened(earlier)
    if (call === undefined) return this.#recording.runs.leave(run, this.#startMs)
    const attempt = this.#recording.clock.at(Math.max(this.#startMs, run.startMs), () => call.attempt())
    this.#known = { run, call, asked, attempt, id }
    if (earlier !== undefined) return
    if (isRead) describe(call, asked.endpoint, body)
    else this.#unread.push('request')
    if (asked.model !== undefined) {
      call.span.name = asked.model
      call.draft.requestModel = asked.model
    }
  }

  /** @returns undefined for anything that is not JSON */
  #readRequest(packed: Buffer): unknown {
    try {
      return JSON.parse(unpacked(packed, this.#request.headers['content-encoding'], this.#recording.limits.request).toString('utf8'))
    } catch {
      return undefined
    }
  }

  #begin({ endpoint, model }: AskedEndpoint, run: OpenRun): LlmCall | undefined {
    const { profiler, clock } = this.#recording
    const { upstream } = this.#request
    const { category, operation, api } = endpoint
    const provider = providerAt(upstream.url) ?? PROVIDERS[api] ?? PROVIDERS[upstream.name] ?? 'openai'
    const begin = (): LlmCall | undefined =>
      beginLlmCall(profiler, { name: model ?? api, category, provider, operation, api, place: { parent: run.root } })
    const call = clock.at(Math.max(this.#startMs, run.startMs), begin)
    const { spans } = run.root.run
    // A body that took long came whole after others that began later.
    if (call !== undefined && spans.length > 1 && spans.at(-2)!.start > call.span.start) run.root.run.isUnsorted = true
    return call
  }

  #answerReader({ call, asked: { endpoint } }: Known): RawWatch {
    const raw = watchRaw(call, endpoint)
    return {
      ...raw,
      event: (event) => {
        call.failure = failureIn(event) ?? call.failure
        raw.event(event)
      },
    }
  }

  /** What a provider says with a failure is read for its reason alone. */
  #errorReader(status: number, statusMessage: string): RawWatch {
    return {
      whole: (value) => { this.#failure = httpFailure(status, statusMessage, value) },
      event: () => {},
      end: () => {},
    }
  }

  #plainBody(encoding: string | undefined, kind: BodyKind | 'unread' | undefined, raw: RawWatch): PlainBody {
    const parser = new BodyParser(raw, kind === 'unread' ? undefined : kind)
    const { limits } = this.#recording
    return new PlainBody(encoding, {
      bytes: (plain) => {
        if (kind !== 'unread') this.#past(() => parser.bytes(plain))
      },
      end: (isWhole) => {
        if (!isWhole) this.#unread.push('answer')
        else if (kind !== 'unread') this.#past(() => parser.end())
        this.#finish()
      },
    }, { bytes: limits.answer, waitingBytes: limits.answer / 4 })
  }

  /** Bytes are read when they are unpacked, and were there before. The clock that stands meanwhile cannot say what that takes. */
  #past(read: () => void): void {
    const { clock } = this.#recording
    const known = this.#known
    if (known === undefined) return
    const before = clock.now()
    clock.at(this.#endMs, () => known.call.read(read))
    known.run.root.run.overheadMs += clock.now() - before
  }

  /** Nothing more comes of this request. */
  #finish(outcome?: Outcome): void {
    const known = this.#known
    if (known === undefined) return
    this.#known = undefined
    const { call, run, id } = known
    const { clock, runs } = this.#recording
    if (this.#unread.length > 0) call.span.set({ [UNREAD]: this.#unread })
    clock.at(this.#endMs, () => {
      const failure = this.#failure
      if (failure === undefined) call.end(outcome ?? call.failure)
      // It ends here unless its client tries again.
      else if (id !== undefined) call.span.end(failure)
      else call.end(failure)
    })
    if (this.#failure !== undefined && id !== undefined) run.failed({ request: id, tries: this.#tries, call })
    runs.leave(run, this.#endMs)
  }
}

/** Where the host tells nothing: by the API, when only one provider has made it, or by the name of the upstream. */
const PROVIDERS: Readonly<Record<string, string>> = {
  messages: 'anthropic', complete: 'anthropic', generateContent: 'gcp.gemini', embedContent: 'gcp.gemini', chat: 'ollama', generate: 'ollama', embed: 'ollama',
  anthropic: 'anthropic', google: 'gcp.gemini', ollama: 'ollama',
}

/** The call goes on with its next attempt: it has not ended yet. */
function reopened(call: LlmCall): LlmCall {
  call.span.outcome = OPEN
  call.span.ended = -1
  return call
}

/** @returns `unread` for sound and the like; undefined where the first character has to tell */
function kindOf(type: string | undefined): BodyKind | 'unread' | undefined {
  const plain = type?.split(';', 1)[0]!.trim().toLowerCase() ?? ''
  if (plain === 'text/event-stream') return 'events'
  if (/^application\/((x-)?(ndjson|jsonlines|jsonl)|(x-)?stream\+json)$/.test(plain)) return 'lines'
  return plain === '' || /json|^text\//.test(plain) ? undefined : 'unread'
}
