import { beforeAll, vi } from 'vitest'
import { conformance } from './suite.ts'
import { kit, lanes } from './google-genai/kit.ts'
import { calls } from './google-genai/calls.ts'
import { clients } from './google-genai/clients.ts'
import { errors } from './google-genai/errors.ts'
import { interactions } from './google-genai/interactions.ts'
import { streams } from './google-genai/streams.ts'

// The SDK warns of parts that are no text, whenever somebody asks for the text.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))

conformance(kit, lanes, [...calls, ...streams, ...errors, ...clients, ...interactions])
