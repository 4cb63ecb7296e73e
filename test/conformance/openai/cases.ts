import { conformance } from '../suite.ts'
import { calls } from './calls.ts'
import { clients } from './clients.ts'
import { errors } from './errors.ts'
import { helpers } from './helpers.ts'
import { kit, lanes } from './kit.ts'
import { streams } from './streams.ts'
import { usage } from './usage.ts'

/** The suite for one major version; a test file each, so that they run side by side. */
export function openaiConformance(version: string): void {
  conformance(kit, lanes.filter((lane) => lane.version === version), [...calls, ...streams, ...helpers, ...errors, ...usage, ...clients])
}
