/** Calls `read`, for whose ways Node may say that they are new: that is not for the program to print. Other warnings come as ever. */
export function withoutNotices<T>(read: () => T): T {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const kind = rest[0] ?? (warning as Error).name
    if (kind !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
  try {
    return read()
  } finally {
    process.emitWarning = emitWarning
  }
}
