#!/usr/bin/env node
import { homedir } from 'node:os'
import { terminal } from '../terminal.ts'
import type { Io } from './command.ts'
import { spanwise } from './spanwise.ts'

const { env } = process

type Stream = 'stdout' | 'stderr'

/** Making a stream of the process takes a millisecond or more, so each is made when it is used. */
function streamOf(name: Stream): NodeJS.WriteStream {
  const stream = process[name]
  // `spanwise list | head` closes the pipe early, which is no failure.
  if (stream.listenerCount('error') === 0) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit()
      throw error
    })
  }
  return stream
}

function terminalOf(name: Stream): Io['terminal'] {
  const stream = streamOf(name)
  return { ...terminal(stream, env), isTerminal: stream.isTTY === true }
}

/** Nobody watches progress in a build, and a dumb terminal cannot take a line back. */
const isWatched = (): boolean => process.stderr.isTTY === true && env['TERM'] !== 'dumb' && !env['CI']

const io: Io = {
  out: (text) => void streamOf('stdout').write(text),
  err: (text) => void streamOf('stderr').write(text),
  drained: () => new Promise((resolve) => {
    const stream = streamOf('stdout')
    if (stream.writableNeedDrain) stream.once('drain', resolve)
    else resolve()
  }),
  stdin: () => process.stdin,
  get terminal() { return terminalOf('stdout') },
  get errorTerminal() { return { ...terminalOf('stderr'), isTerminal: isWatched() } },
  cwd: process.cwd(),
  get home() { return homedir() },
  env,
  nowEpochMs: Date.now,
  withRoom: async (words) => (await import('./room.ts')).withRoom(words, io),
}

process.exitCode = await spanwise(process.argv.slice(2), io)
