import { conformance } from './suite.ts'
import { kit, lanes } from './anthropic/kit.ts'
import { calls } from './anthropic/calls.ts'
import { clients } from './anthropic/clients.ts'
import { errors } from './anthropic/errors.ts'
import { streams } from './anthropic/streams.ts'

conformance(kit, lanes, [...calls, ...streams, ...errors, ...clients])
