import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Complaint, type Io } from './command.ts'
import { spanwise } from './spanwise.ts'

/*
 * A large trace in a thread of its own. Nearly all that is read stays, and with the few megabytes that V8 gives to what is
 * young it is copied again and again: a quarter of the time. How much it gives is fixed when an isolate is made, so the
 * command is done anew in one that is made for it. A thread and not a process: it shares the streams, the signals and the exit
 * code, and when its memory is not enough, that can be said. Both sides of it are here.
 */

/** Three parts of this, of which one is filled before it is cleared. More takes more memory and saves little. */
const YOUNG_MB = 192

type Words = readonly string[]

interface Order extends Pick<Io, 'terminal' | 'errorTerminal' | 'cwd' | 'home'> {
  readonly spanwise: Words
}

/** What the thread says. To `isDrained` it wants an answer. */
type Message = { readonly out: string | Uint8Array } | { readonly err: string } | { readonly isDrained: false } | { readonly code: number }

/** @returns the exit code of the command, done with room for a large input; standard input is not for it */
export async function withRoom(words: Words, io: Io): Promise<number> {
  const { terminal, errorTerminal, cwd, home } = io
  const order: Order = { spanwise: words, terminal, errorTerminal, cwd, home }
  const worker = new Worker(new URL(import.meta.url), {
    workerData: order, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, ...oldGeneration(io) },
  })
  return await new Promise<number>((resolve, reject) => {
    worker.on('message', (message: Message) => {
      if ('out' in message) io.out(message.out)
      else if ('err' in message) io.err(message.err)
      else if ('code' in message) resolve(message.code)
      else void (io.drained?.() ?? Promise.resolve()).then(() => worker.postMessage(true, []))
    })
    worker.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLarge() : error))
    worker.once('exit', () => reject(new Error('the thread ended before the command did')))
  })
}

/** V8 takes a part of the memory that there is and never more than four gigabytes, unless somebody says how much. */
function oldGeneration({ env }: Pick<Io, 'env'>): { readonly maxOldGenerationSizeMb?: number } {
  if (`${process.execArgv.join(' ')} ${env['NODE_OPTIONS'] ?? ''}`.includes('max-old-space-size')) return {}
  const there = Math.min(totalmem(), process.constrainedMemory() || Infinity)
  return { maxOldGenerationSizeMb: Math.floor(Math.max(getHeapStatistics().heap_size_limit, there * 0.75) / 1024 / 1024) }
}

const tooLarge = (): Complaint => new Complaint('this takes more memory than there is',
  'NODE_OPTIONS=--max-old-space-size=8192 allows for 8192 MB; a folder of several runs can be read in parts')

/** The other side. */
async function obey({ spanwise: words, ...known }: Order, port: NonNullable<typeof parentPort>): Promise<void> {
  const say = (message: Message): void => port.postMessage(message)
  const code = await spanwise(words, {
    ...known,
    out: (out) => say({ out }),
    err: (err) => say({ err }),
    drained: () => new Promise((resolve) => {
      port.once('message', () => resolve())
      say({ isDrained: false })
    }),
    async *stdin() {},
    env: process.env,
    nowEpochMs: Date.now,
  })
  say({ code })
}

const isOrder = (data: unknown): data is Order => typeof data === 'object' && data !== null && 'spanwise' in data

if (!isMainThread && parentPort !== null && isOrder(workerData)) await obey(workerData, parentPort)
