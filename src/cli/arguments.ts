import { parseArgs } from 'node:util'
import { Complaint, type Command, type Input, type OptionSpecs } from './command.ts'
import { didYouMean } from './nearest.ts'

/** Reads the words after the command's name. @throws Complaint with the options that there are */
export function readInput(name: string, command: Command, words: readonly string[]): Input {
  const [own, program] = command.startsProgram ? splitProgram(words, command.options) : [words, []]
  const { values, positionals } = parse(name, command.options, own)
  const text = (option: string): string | undefined => {
    const value = values[option]
    return typeof value === 'string' ? value : undefined
  }
  return {
    names: positionals,
    program,
    flag: (option) => values[option] === true,
    text,
    texts(option) {
      const given = values[option]
      return Array.isArray(given) ? given.filter((value) => typeof value === 'string') : []
    },
    number(option, least) {
      const given = text(option)
      if (given === undefined) return undefined
      const value = given.trim() === '' ? Number.NaN : Number(given)
      if (Number.isSafeInteger(value) && value >= least) return value
      throw new Complaint(`--${option} must be a whole number of at least ${least}, got ${JSON.stringify(given)}`)
    },
  }
}

type Values = Readonly<Record<string, unknown>>

function parse(name: string, options: OptionSpecs, words: readonly string[]): { values: Values; positionals: readonly string[] } {
  const specs = Object.fromEntries(Object.entries(options).map(([option, { type, short, multiple }]) =>
    [option, { type, ...(short && { short }), ...(multiple && { multiple }) }]))
  try {
    return parseArgs({ args: [...words], options: specs, allowPositionals: true, strict: true })
  } catch (error) {
    throw complaintOf(error, name, options)
  }
}

function complaintOf(error: unknown, name: string, options: OptionSpecs): Complaint {
  const message = error instanceof Error ? error.message : String(error)
  const known = Object.keys(options).map((option) => `--${option}`)
  const unknown = /^Unknown option '([^']*)'/.exec(message)?.[1]
  const hint = `spanwise ${name} --help shows examples`
  if (unknown === undefined) return new Complaint(message.split('. ')[0]!, hint)
  return new Complaint(`spanwise ${name} has no option ${unknown}${didYouMean(unknown, known)}`, `its options: ${known.join(', ')}`, hint)
}

/** The program begins after `--`, or with the first word that is no option of ours. */
function splitProgram(words: readonly string[], options: OptionSpecs): [readonly string[], readonly string[]] {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '--') return [words.slice(0, i), words.slice(i + 1)]
    if (!word.startsWith('-')) return [words.slice(0, i), words.slice(i)]
    if (takesNext(word, options)) i++
  }
  return [words, []]
}

function takesNext(word: string, options: OptionSpecs): boolean {
  const found = Object.entries(options).find(([option, { short }]) => word === `--${option}` || (short !== undefined && word === `-${short}`))
  return found?.[1].type === 'string'
}
