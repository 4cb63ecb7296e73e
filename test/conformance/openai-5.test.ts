import { openaiConformance } from './openai/cases.ts'

openaiConformance('openai 5')
