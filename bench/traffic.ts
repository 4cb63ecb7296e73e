import { SYSTEM, type Message } from './clients.ts'

/** An answer for each call of the next round, made before the clock starts. */
export class Answers {
  readonly #make: (call: number) => Response
  #ready: Response[] = []

  constructor(make: (call: number) => Response) {
    this.#make = make
  }

  prepare(count: number): void {
    this.#ready = Array.from({ length: count }, (_, call) => this.#make(call)).reverse()
  }

  take(): Response {
    const answer = this.#ready.pop()
    if (answer === undefined) throw new Error('bench: more calls in this round than answers were made ready')
    return answer
  }
}

/** On Node 20 an active AsyncLocalStorage slows every promise: rounds of bare clients must not pay for ours. */
export function silence(): void {
  const globals = globalThis as Record<symbol, { disable(): void } | undefined>
  globals[Symbol.for('spanwise.context.v1')]?.disable()
}

/** 2 kB in a few messages, written anew for each call. */
export function smallContext(): readonly Message[] {
  return [
    { role: 'user', content: 'Where is my order? '.repeat(35) },
    { role: 'assistant', content: 'Which order do you mean? '.repeat(20) },
    { role: 'user', content: 'The one from last week. '.repeat(25) },
  ]
}

const MESSAGES = 100

export function history(chars: number): Message[] {
  return Array.from({ length: MESSAGES }, (_, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content: flat(`message ${i} ${SYSTEM.repeat(10)}`.slice(0, chars / MESSAGES)),
  }))
}

/** A string of its own, in one piece and seen by nobody, as one that came from a file or a socket. */
export const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
