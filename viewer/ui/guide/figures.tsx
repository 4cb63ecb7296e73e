import type { JSX } from 'preact'

const definitions: readonly (readonly [name: string, text: string])[] = [
  ['Self time', 'A span’s duration minus the union of its children’s intervals. Never negative, also when children ran at the same time.'],
  ['Wall time', 'Each instant of the run belongs to the span that is on the critical path then; so the categories add up to the run.'],
  ['Busy time', 'The sum of self times. Exceeds the wall clock where things ran at the same time.'],
  ['Critical path', 'From the end of the run backwards, at each point the child that ended last. Time that is not on it can be saved without making the run any faster.'],
  ['Slack', 'How much longer a span could have taken without delaying the run.'],
  ['Dependency', 'Proven where a tool was asked for by an answer, a request carries a tool’s result, a distinctive value of one output stands in another’s input, or the program declared it. Independence is proven where one answer asked for both, or all of an input was known before the other began. All else is unknown.'],
  ['Schedule', 'The run simulated with its measured durations and a limit on what runs at once. Proven relaxes only what is proven, possible what is unknown too.'],
  ['Saving', 'Of a finding: the difference between two simulated runs, or between two prices; an interval where only bounds are known. Never a sum of durations.'],
  ['Usage', 'Uncached, read from the cache and written to it add up to the input; visible and reasoning to the output. Only calls of models are counted, so nothing is counted twice.'],
  ['Cost', 'Tokens by prices with a date. An unknown price makes the cost unknown, and a lower price is not assumed.'],
  ['Context', 'The fullest single call divided by its model’s window; not a sum over calls.'],
  ['Time to first token', 'From the start of the call, retries included, to the first piece of the answer.'],
  ['Percentiles', 'Nearest rank: a value that was measured, not one between two.'],
  ['Absent', 'Not zero. What nobody told is shown as –, and what was counted locally is called an estimate.'],
]

export function Figures(): JSX.Element {
  return <dl class="definitions">{definitions.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}</dl>
}
