import { watchAnthropic } from 'spanwise/anthropic'
import { calls } from './anthropic/calls.ts'
import { clients } from './anthropic/clients.ts'
import { errors } from './anthropic/errors.ts'
import { kit, lanes } from './anthropic/kit.ts'
import { streams } from './anthropic/streams.ts'
import { byClass, forClasses } from './by-class.ts'
import { conformance } from './suite.ts'

const NO_CLASS = { skip: 'it is an object of no class that is watched' }
const lookAlikes = clients.filter(({ name }) => name.startsWith('a look-alike'))
const cases = forClasses(
  [...calls, ...streams, ...errors, ...clients], lanes.map(({ version }) => version), {
    ...Object.fromEntries(lookAlikes.map(({ name }) => [name, NO_CLASS])),
    'other clients of the same class are untouched': { skip: 'all of them are recorded: that is what it is for' },
  },
)

conformance(byClass(kit, (sdk, settings) => watchAnthropic(sdk.BaseAnthropic, settings)), lanes, cases)
