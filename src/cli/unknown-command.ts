import { existsSync } from 'node:fs'
import { Complaint } from './command.ts'
import { commands } from './commands.ts'
import { didYouMean } from './nearest.ts'
import { programFor } from './program.ts'

/** What to say to a word that is no command. */
export function unknownCommand(name: string): Complaint {
  const known = commands.map((entry) => entry.name)
  const hint = `the commands: ${known.join(', ')}`
  if (existsSync(name)) {
    const start = programFor(name)
    return new Complaint(`${name} is no command but a file; did you mean spanwise ${start === undefined ? `report ${name}` : `run -- ${start}`}?`, hint)
  }
  return new Complaint(`there is no command ${name}${didYouMean(name, known)}`, hint)
}
