import type { Analysis } from '../src/model/analysis.ts'
import { printable } from './shared/json-text.ts'
import { layOut } from './shared/lanes.ts'
import type { Report } from './shared/report.ts'
import { categoryOf, nameOf, runBoxes, type RunBox } from './shared/run-boxes.ts'

/**
 * The file format of speedscope (https://www.speedscope.app/file-format-schema.json): an evented profile per lane, because
 * one profile is one stack. All of them span the whole run, in nanoseconds, so that they can be compared. The `file` of
 * a frame is its category: speedscope colours frames by it.
 */
const SCHEMA = 'https://www.speedscope.app/file-format-schema.json'

interface Event {
  readonly type: 'O' | 'C'
  readonly frame: number
  readonly at: number
}

/** @returns one JSON object, without a newline at the end */
function renderSpeedscope(analysis: Analysis): string {
  const boxes = runBoxes(analysis, (ns) => ns)
  const { frames, frameOf } = framesOf(boxes)
  const name = nameOf(analysis.run.name)
  const startValue = boxes.reduce((first, { start }) => Math.min(first, start), boxes[0]?.start ?? 0)
  const endValue = boxes.reduce((last, { end }) => Math.max(last, end), startValue)
  const profiles = eventsOf(boxes, frameOf).map((events, lane) => profile(
    { type: 'evented', name: lane === 0 ? name : `${name} (lane ${lane + 1})`, unit: 'nanoseconds', startValue, endValue }, events,
  ))
  return printable(`{"$schema":"${SCHEMA}","exporter":"spanwise","name":${JSON.stringify(name)},"activeProfileIndex":0,`
    + `"shared":{"frames":[\n${frames.join(',\n')}\n]},"profiles":[\n${profiles.join(',\n')}\n]}`)
}

export const speedscopeReport: Report<string> = { name: 'speedscope', extension: 'speedscope.json', render: renderSpeedscope }

const profile = (head: Readonly<Record<string, string | number>>, events: readonly Event[]): string =>
  `${JSON.stringify(head).slice(0, -1)},"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}`

/** A frame per name and category, in order of first appearance. */
function framesOf(boxes: readonly RunBox[]): { readonly frames: readonly string[]; readonly frameOf: readonly number[] } {
  const known = new Map<string, number>()
  const frameOf = boxes.map((box) => {
    const frame = JSON.stringify({ name: box.name, file: categoryOf(box) })
    const index = known.get(frame) ?? known.size
    known.set(frame, index)
    return index
  })
  return { frames: [...known.keys()], frameOf }
}

/** The events of each lane: what has ended closes before the next one opens, the innermost first. A run without spans has one lane. */
function eventsOf(boxes: readonly RunBox[], frameOf: readonly number[]): Event[][] {
  const { order, laneOf, count } = layOut(boxes)
  const lanes = Array.from({ length: Math.max(1, count) }, () => ({ events: [] as Event[], open: [] as number[] }))
  const close = ({ events, open }: (typeof lanes)[number], now: number): void => {
    for (let top = open.at(-1); top !== undefined && boxes[top]!.end <= now; top = open.at(-1)) {
      events.push({ type: 'C', frame: frameOf[top]!, at: boxes[top]!.end })
      open.pop()
    }
  }
  for (const index of order) {
    const lane = lanes[laneOf[index]!]!
    close(lane, boxes[index]!.start)
    lane.events.push({ type: 'O', frame: frameOf[index]!, at: boxes[index]!.start })
    lane.open.push(index)
  }
  return lanes.map((lane) => {
    close(lane, Infinity)
    return lane.events
  })
}
