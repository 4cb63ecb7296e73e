import {
  CANCELLED, OK, OPEN, type Attempt, type Attributes, type AttributeValue, type LlmDetail, type Outcome,
} from '../../../src/model/span.ts'
import { inputInclusive, outputInclusive, type Usage } from '../../../src/model/usage.ts'
import { at, fields, list, text, type Fields } from '../../shared/json.ts'
import type { SpanDraft, TraceDraft } from '../shared/assemble.ts'

/**
 * Spanwise's own export. Lanes are only how it is drawn: the arguments of each span say its id and its parent's, so the tree is the
 * one that was recorded, and what ran in parallel are siblings again.
 * @returns undefined when the file is not one of these, or a part of one that does not hold together
 */
export function ownRun(rows: readonly Fields[], head: Fields | undefined): Omit<TraceDraft, 'seed'> | undefined {
  if (text(at(head, 'otherData.generator')) !== 'spanwise') return undefined
  const slices = rows.filter(({ ph, ts, dur }) => ph === 'X' && isTime(ts) && isTime(dur))
  const spans = slices.filter((row) => !isPart(row)).map((row) => ({ row, id: idOf(row), parent: text(at(row, 'args.parentId')) }))
  const ids = new Set(spans.map(({ id }) => id))
  const [root, ...others] = [...spans].sort((a, b) => Number(a.parent !== undefined) - Number(b.parent !== undefined))
  const holds = root !== undefined && root.parent === undefined && ids.size === spans.length
    && spans.every(({ id }) => /^[0-9a-f]{16}$/.test(id)) && others.every(({ parent }) => parent !== undefined && ids.has(parent))
  if (!holds) return undefined
  const parts = partsOf(slices)
  const tags = fields(at(head, 'otherData.tags'))
  const traceId = text(at(head, 'otherData.traceId')) ?? ''
  return {
    ...(/^[0-9a-f]{32}$/.test(traceId) && { id: traceId, ids: new Map([...ids].map((id) => [id, id])) }),
    name: text(at(rows.find(({ name }) => name === 'process_name'), 'args.name')) ?? '(no name)',
    service: text(at(head, 'otherData.service')),
    tags: tags && Object.fromEntries(Object.entries(tags).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []))),
    startedAtEpochMs: numberAt(head, 'otherData.startedAtEpochMs') ?? 0,
    spans: [root, ...others].map(({ row, id, parent }) => draftOf(row, id, parent, parts.get(id) ?? [])),
  }
}

/** The longest time that nanoseconds in a number can hold, in microseconds. */
const isTime = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= 9e12
const isPart = ({ cat, args }: Fields): boolean => (cat === 'attempt' || cat === 'wait') && at(args, 'category') === undefined
const idOf = (row: Fields): string => text(at(row, 'args.spanId')) ?? ''
const ns = (us: unknown): number => Math.round(Number(us) * 1_000)

function numberAt(root: unknown, path: string): number | undefined {
  const value = at(root, path)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function countAt(root: unknown, path: string): number | undefined {
  const value = at(root, path)
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined
}

function draftOf({ name, ts, dur, args }: Fields, key: string, parent: string | undefined, parts: readonly Fields[]): SpanDraft {
  const outcome = outcomeOf(args)
  const category = text(at(args, 'category')) ?? 'internal'
  const issuedBy = text(at(args, 'issuedBy'))
  const start = ns(ts)
  return {
    key, parent, name: text(name) ?? '(no name)', category, outcome,
    start, end: outcome.state === 'open' ? undefined : ns(Number(ts) + Number(dur)),
    attributes: attributesOf(at(args, 'attributes')),
    ...(at(args, 'provider') !== undefined && { llm: callOf(args, category, start, parts) }),
    ...((category === 'tool' || issuedBy !== undefined) && { tool: { name: text(name) ?? '', ...(issuedBy !== undefined && { issuedBy }) } }),
  }
}

function outcomeOf(args: unknown): Outcome {
  const state = text(at(args, 'outcome'))
  if (state === 'open') return OPEN
  if (state === 'cancelled') return CANCELLED
  if (state !== 'failed') return OK
  const error = text(at(args, 'error')) ?? ''
  const end = error.indexOf(': ')
  return end === -1 ? { state, type: error, message: '' } : { state, type: error.slice(0, end), message: error.slice(end + 2) }
}

function attributesOf(value: unknown): Attributes {
  return Object.fromEntries(Object.entries(fields(value) ?? {}).filter((one): one is [string, AttributeValue] => isValue(one[1])))
}

const isValue = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)
  || (Array.isArray(value) && (value.every((one) => typeof one === 'string') || value.every((one) => typeof one === 'number')))

function callOf(args: unknown, category: string, start: number, parts: readonly Fields[]): LlmDetail {
  const operation = category === 'embedding' ? 'embeddings' : 'chat'
  const model = text(at(args, 'model'))
  const ttftUs = numberAt(args, 'ttftUs')
  const finishReasons = list(at(args, 'finishReasons')).filter((one) => typeof one === 'string')
  const usage = usageOf(at(args, 'usage'))
  const attempts = attemptsOf(parts)
  return {
    provider: text(at(args, 'provider')) ?? 'unknown', operation, api: operation, streamed: ttftUs !== undefined,
    ...(model !== undefined && { requestModel: model }),
    ...(ttftUs !== undefined && { firstToken: start + ns(ttftUs) }),
    ...(finishReasons.length > 0 && { finishReasons }),
    ...(usage && { usage }),
    ...(attempts.length > 0 && { attempts }),
  }
}

function usageOf(value: unknown): Usage | undefined {
  if (fields(value) === undefined) return undefined
  const input = inputInclusive({
    input: countAt(value, 'input.total'), cacheRead: countAt(value, 'input.cacheRead'), cacheWrite: countAt(value, 'input.cacheWrite'),
  })
  const output = outputInclusive({ output: countAt(value, 'output.total'), reasoning: countAt(value, 'output.reasoning') })
  return {
    ...(input && { input }), ...(output && { output }),
    complete: at(value, 'complete') !== false,
    source: at(value, 'source') === 'estimated' ? 'estimated' : 'provider',
  }
}

/** The attempts and waits inside of each call, in order of time. */
function partsOf(slices: readonly Fields[]): Map<string, Fields[]> {
  const parts = new Map<string, Fields[]>()
  for (const row of slices.filter(isPart).sort((a, b) => Number(a['ts']) - Number(b['ts']))) {
    const known = parts.get(idOf(row))
    if (known === undefined) parts.set(idOf(row), [row])
    else known.push(row)
  }
  return parts
}

function attemptsOf(parts: readonly Fields[]): Attempt[] {
  const attempts: Attempt[] = []
  for (const { cat, ts, dur, args } of parts) {
    const last = attempts.pop()
    if (cat === 'wait' && last !== undefined) attempts.push({ ...last, waitNs: ns(dur) })
    else if (last !== undefined) attempts.push(last)
    if (cat !== 'attempt') continue
    const [status, error] = [countAt(args, 'status'), text(at(args, 'error'))]
    attempts.push({
      start: ns(ts), end: ns(Number(ts) + Number(dur)), ...(status !== undefined && { status }), ...(error !== undefined && { error }),
    })
  }
  return attempts
}
