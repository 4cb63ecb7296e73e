import { plain } from './ai-sdk/cases.ts'
import { aiSdkConformance } from './ai-sdk/suite.ts'
import { troubles } from './ai-sdk/troubles.ts'

aiSdkConformance([...plain, ...troubles])
