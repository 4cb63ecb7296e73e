/**
 * Calls back when the process ends, however it does, and changes nothing about how. `exit` comes at a normal end, at
 * `process.exit` and after an uncaught exception. A signal ends a process without it when nobody listens: so we listen to
 * signals exactly while nobody else does, and then let the signal do what it would have done. Who listens decides what it means.
 */
const callbacks = new Set<Callback>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof SIGNALS)[number]

/** @param signal what ends the process; undefined when it ends of its own accord */
type Callback = (signal?: string) => void

let isInstalled = false
let isLast = false

/** Callbacks are called in the order of their coming. */
export function atExit(callback: Callback): void {
  callbacks.add(callback)
  const { process } = globalThis
  if (isInstalled || typeof process?.on !== 'function') return
  isInstalled = true
  process.on('exit', () => flushAll())
  // A worker gets no signals.
  if (process.getBuiltinModule?.('node:worker_threads')?.isMainThread === false) return
  process.on('newListener', (event: string | symbol, listener: unknown) => {
    if (isSignal(event) && listener !== onSignal) process.nextTick(giveWay, event)
  })
  process.on('removeListener', (event: string | symbol, listener: unknown) => {
    if (isSignal(event) && listener !== onSignal) listen(event)
  })
  for (const signal of SIGNALS) listen(signal)
}

export const notAtExit = (callback: Callback): void => void callbacks.delete(callback)

/** The callbacks were called, and no timer will run any more: what is still recorded has to be written at once. */
export const isExiting = (): boolean => isLast

function listen(signal: Signal): void {
  const { process } = globalThis
  if (process.listenerCount(signal) === 0) process.on(signal, onSignal)
}

/** Only once the other one listens: a signal that nobody listens to for a moment is disconnected from the process. */
function giveWay(signal: Signal): void {
  const { process } = globalThis
  if (process.listenerCount(signal) > 1) process.removeListener(signal, onSignal)
}

const isSignal = (event: string | symbol): event is Signal => (SIGNALS as readonly (string | symbol)[]).includes(event)

function flushAll(signal?: Signal): void {
  isLast = true
  for (const callback of callbacks) callback(signal)
}

function onSignal(signal: NodeJS.Signals): void {
  flushAll(isSignal(signal) ? signal : undefined)
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
  // The first process of a container outlives a signal that nobody listens to.
  setImmediate(() => {
    isLast = false
    if (isSignal(signal)) listen(signal)
  }).unref()
}
