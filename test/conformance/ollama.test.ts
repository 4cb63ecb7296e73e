import { conformance } from './suite.ts'
import { kit, lanes } from './ollama/kit.ts'
import { calls } from './ollama/calls.ts'
import { clients, errors } from './ollama/clients.ts'
import { streams } from './ollama/streams.ts'

conformance(kit, lanes, [...calls, ...streams, ...errors, ...clients])
