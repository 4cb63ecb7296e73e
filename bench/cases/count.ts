import type { Case } from '../harness.ts'
import { tokensBench } from './tokens.ts'

export const tokens: Case = {
  name: 'tokens',
  title: 'Counting tokens',
  how: 'See each row; wall clock, in a process of its own.',
  measure: async () => (await tokensBench()).map(({ name, value, unit, limit, note }) =>
    ({ what: name, unit, median: value, limit, note })),
}
