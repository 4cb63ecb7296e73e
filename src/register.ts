import { start } from './register/start.ts'

// `node --import spanwise/register agent.js`: to load this is to use it. docs/no-code.md
start()
