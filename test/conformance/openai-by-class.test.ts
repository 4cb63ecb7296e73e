import { watchOpenAI } from 'spanwise/openai'
import { byClass, forClasses } from './by-class.ts'
import { but } from './draw.ts'
import { calls, CALL } from './openai/calls.ts'
import { clients } from './openai/clients.ts'
import { errors } from './openai/errors.ts'
import { helpers } from './openai/helpers.ts'
import { kit, lanes } from './openai/kit.ts'
import { streams } from './openai/streams.ts'
import { usage } from './openai/usage.ts'
import { conformance } from './suite.ts'

const NO_CLASS = { skip: 'it is an object of no class that is watched' }
const all = [...calls, ...streams, ...helpers, ...errors, ...usage, ...clients]
const cases = forClasses(all, lanes.map(({ version }) => version), {
  ...Object.fromEntries(clients.filter(({ name }) => name.startsWith('a look-alike')).map(({ name }) => [name, NO_CLASS])),
  'other clients of the same class are untouched': { skip: 'all of them are recorded: that is what it is for' },
  // Nothing is put on the client but its fetch, whose attempts are then not seen.
  'a client that is frozen all the way down works, unrecorded': { recorded: but(CALL, { ' | 200': '' }) },
  // The client is touched at its first call.
  'a fetch that is put in after the wrapping': { recorded: CALL },
})

conformance(byClass(kit, (sdk, settings) => watchOpenAI(sdk.OpenAI, settings)), lanes, cases)
