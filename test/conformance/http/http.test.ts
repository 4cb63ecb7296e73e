import { frameworks } from './apps.ts'
import { conformance } from './suite.ts'

for (const framework of frameworks.http) conformance(framework)
