import { heading, piece, type Line, type Page } from '../shared/page.ts'
import { wrap } from '../shared/text.ts'

const LABEL = 11

export interface Entry {
  readonly text: string
  readonly style?: string
}

/** Columns that a labelled text has. */
export const entryWidth = (page: Page): number => page.textWidth - LABEL

/** A label and running text beside it. */
export function entries(label: string, all: readonly Entry[], page: Page): Line[] {
  return all.flatMap(({ text, style }, entry) =>
    wrap(text, entryWidth(page)).map((line, row) => [
      entry === 0 && row === 0 ? heading(label.padEnd(LABEL)) : piece(' '.repeat(LABEL)),
      piece(line, style),
    ]))
}
