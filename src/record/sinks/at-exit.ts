/**
 * Calls back when the process ends, however it does, and changes nothing about how. `exit` comes at a normal end, at
 * `process.exit` and after an uncaught exception. A signal ends a process without it when nobody listens: so we listen to
 * signals exactly while nobody else does, and then let the signal do what it would have done. Who listens decides what it means.
 */
const callbacks = new Set<() => void>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

let isInstalled = false

export function atExit(callback: () => void): void {
  callbacks.add(callback)
  const { process } = globalThis
  if (isInstalled || typeof process?.on !== 'function') return
  isInstalled = true
  process.on('exit', flushAll)
  // A worker gets no signals.
  if (process.getBuiltinModule?.('node:worker_threads')?.isMainThread === false) return
  process.on('newListener', (event: string | symbol, listener: unknown) => {
    if (isSignal(event) && listener !== onSignal) process.nextTick(giveWay, event)
  })
  process.on('removeListener', (event: string | symbol, listener: unknown) => {
    if (isSignal(event) && listener !== onSignal && process.listenerCount(event) === 0) process.on(event, onSignal)
  })
  for (const signal of SIGNALS) if (process.listenerCount(signal) === 0) process.on(signal, onSignal)
}

export const notAtExit = (callback: () => void): void => void callbacks.delete(callback)

/** Only once the other one listens: a signal that nobody listens to for a moment is disconnected from the process. */
function giveWay(signal: Signal): void {
  const { process } = globalThis
  if (process.listenerCount(signal) > 1) process.removeListener(signal, onSignal)
}

const isSignal = (event: string | symbol): event is Signal => (SIGNALS as readonly (string | symbol)[]).includes(event)

function flushAll(): void {
  for (const callback of callbacks) callback()
}

function onSignal(signal: NodeJS.Signals): void {
  flushAll()
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}
