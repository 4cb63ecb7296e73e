import type { Input, Io } from './command.ts'
import type { Run } from './load.ts'
import { writeRuns } from './output.ts'
import { note, operationsOver, operationTable, rowsOf, runTable } from './tables.ts'

/** More runs than these get a table instead of a report each, unless a format is asked for. */
export const MAX_REPORTS = 3
const MAX_OPERATIONS = 20

/** Prints runs as the options ask, into files too, and says which. */
export async function printRuns(runs: readonly Run[], input: Input, io: Io): Promise<void> {
  const isPlain = !['format', 'output'].some((option) => input.text(option) !== undefined) && !input.flag('json') && !input.flag('all')
  if (isPlain && runs.length > MAX_REPORTS) {
    io.out(`${runTable(rowsOf(runs, io), io)}\n${operationTable(operationsOver(runs, MAX_OPERATIONS), `Operations of ${runs.length} runs`, io)}`)
    io.out(`\n${note('--all prints the report of each', io)}`)
    return
  }
  for (const file of await writeRuns(runs, input, io)) io.err(`spanwise: wrote ${file}\n`)
}
