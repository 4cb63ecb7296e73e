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

const io: Io = {
  out: (text) => void streamOf('stdout').write(text),
  err: (text) => void streamOf('stderr').write(text),
  stdin: () => process.stdin,
  get terminal() { return terminalOf('stdout') },
  get errorTerminal() { return terminalOf('stderr') },
  cwd: process.cwd(),
  get home() { return homedir() },
  env,
  nowEpochMs: Date.now,
}

process.exitCode = await spanwise(process.argv.slice(2), io)
