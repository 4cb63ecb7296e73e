import type { Attributes, AttributeValue, Category } from '../../../src/model/span.ts'
import { at, fields, text, type Fields } from '../../shared/json.ts'

/** An event that says something about time. */
export interface TraceEvent {
  readonly phase: string
  readonly name: string | undefined
  /** Microseconds of the file's own clock. */
  readonly ts: number
  readonly dur: number | undefined
  readonly process: string
  /** Names the process too. */
  readonly track: string
  /** For asynchronous events: what belongs together. */
  readonly id: string
  readonly event: Fields
}

export function readEvent(event: Fields): TraceEvent | undefined {
  const phase = text(event['ph'])
  const ts = numberOf(event['ts'])
  if (phase === undefined || ts === undefined) return undefined
  const process = label(event['pid'])
  return {
    phase, ts, process, event,
    name: text(event['name']),
    dur: numberOf(event['dur']) ?? numberOf(event['tdur']),
    track: trackOf(event),
    id: idOf(event, process),
  }
}

export const trackOf = (event: Fields): string => `${label(event['pid'])}/${label(event['tid'])}`

const label = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

function idOf(event: Fields, process: string): string {
  const local = at(event, 'id2.local')
  const id = local === undefined ? label(event['id'] ?? at(event, 'id2.global')) : `${process} ${label(local)}`
  return [label(event['cat']), label(event['scope']), id].join('\n')
}

/** Some tools write numbers as text. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const CATEGORIES: readonly string[] = ['agent', 'llm', 'tool', 'memory', 'retrieval', 'embedding', 'internal']

/** The event's own category when it is one of ours. */
export function categoryOf({ event }: TraceEvent): Category {
  const first = text(event['cat'])?.split(',')[0]?.trim().toLowerCase() ?? ''
  return CATEGORIES.includes(first) ? first : 'internal'
}

const MAX_ARGUMENTS = 16
const MAX_CHARS = 200

/** Small arguments; large texts are content, not facts about the event. */
export function attributesOf({ event }: TraceEvent): Attributes {
  const attributes: Record<string, AttributeValue> = {}
  const category = text(event['cat'])
  if (category !== undefined && category !== '') attributes['chrome.cat'] = category.slice(0, MAX_CHARS)
  const args = Object.entries(fields(event['args']) ?? {})
  for (const [name, value] of args.slice(0, MAX_ARGUMENTS)) {
    const isSmall = typeof value === 'string' ? value.length <= MAX_CHARS : typeof value === 'boolean' || Number.isFinite(value)
    if (isSmall && name.length <= MAX_CHARS) attributes[`args.${name}`] = value as AttributeValue
  }
  return attributes
}
