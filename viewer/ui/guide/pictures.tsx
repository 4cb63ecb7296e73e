import type { JSX } from 'preact'
import { Bar, Drawing, Note } from './drawing.tsx'

export function TimelinePicture(): JSX.Element {
  return (
    <Drawing label="An agent; below it a call of a model, then two tools side by side, then another call. The critical path goes through the longer tool; the shorter one has slack." height={142}>
      <Bar x={0} y={0} w={600} fill="--agent" text="agent" />
      <Bar x={0} y={28} w={190} fill="--llm" text="gpt-5-mini" />
      <Bar x={200} y={28} w={200} fill="--tool" text="search" />
      <Bar x={200} y={56} w={110} fill="--tool" text="get_order" />
      <Bar x={410} y={28} w={190} fill="--llm" text="gpt-5-mini" />
      <path d="M0 53h190v0h10h200h10h190" stroke="var(--critical)" stroke-width="3" fill="none" />
      <path d="M312 67h88M400 62v10" stroke="var(--ink-3)" stroke-width="1.5" stroke-dasharray="4 3" fill="none" />
      <Note x={318} y={92}>slack: could have taken this much longer</Note>
      <path d="M0 118h24" stroke="var(--critical)" stroke-width="3" />
      <Note x={32} y={122}>critical path: search, and not get_order, decides when the run ends</Note>
    </Drawing>
  )
}

export function FlamePicture(): JSX.Element {
  return (
    <Drawing label="An agent above four frames. Forty calls of one name are one wide frame on the left; the rest of the agent’s width, with nothing below it, is its own time." height={116}>
      <Bar x={0} y={0} w={600} fill="--agent" text="agent" />
      <Bar x={0} y={28} w={330} fill="--llm" text="gpt-5-mini × 40" />
      <Bar x={332} y={28} w={150} fill="--tool" text="search × 12" />
      <Bar x={484} y={28} w={56} fill="--memory" text="load" />
      <Bar x={332} y={56} w={90} fill="--retrieval" text="vectors" />
      <path d="M542 40h58M542 35v10M600 35v10" stroke="var(--ink-3)" stroke-width="1.5" fill="none" />
      <Note x={600} y={66} end>self time of agent</Note>
      <Note x={0} y={106}>wider is more; left to right says nothing about when</Note>
    </Drawing>
  )
}

export function WhatIfPicture(): JSX.Element {
  return (
    <Drawing label="As it was: three tools one after another. As it would be: the same three side by side, and a run that ends earlier." height={150}>
      <Note x={0} y={14}>as it was</Note>
      <Bar x={90} y={0} w={120} fill="--llm" text="plan" />
      <Bar x={212} y={0} w={150} fill="--tool" text="search" />
      <Bar x={364} y={0} w={90} fill="--tool" text="orders" />
      <Bar x={456} y={0} w={70} fill="--tool" text="profile" />
      <Note x={0} y={62}>as it would be</Note>
      <Bar x={90} y={48} w={120} fill="--llm" text="plan" />
      <Bar x={212} y={48} w={150} fill="--tool" text="search" />
      <Bar x={212} y={76} w={90} fill="--tool" text="orders" />
      <Bar x={212} y={104} w={70} fill="--tool" text="profile" />
      <path d="M364 59h162M364 54v10M526 54v10" stroke="var(--good)" stroke-width="1.5" fill="none" />
      <Note x={445 + 30} y={84} end>saved</Note>
      <Note x={90} y={146}>nothing became faster: it only waited less</Note>
    </Drawing>
  )
}

export function ContextPicture(): JSX.Element {
  const calls = [[60, 22, 0, 60], [60, 44, 18, 78], [60, 58, 40, 100], [60, 70, 66, 0]] as const
  return (
    <Drawing label="Four calls as columns that grow: system text, history, tool results. Up to a line in the first three the request was read from the prompt cache; in the fourth nothing was." height={168}>
      <path d="M0 8h600" stroke="var(--ink-3)" stroke-dasharray="5 4" fill="none" />
      <Note x={600} y={24} end>the model’s window</Note>
      {calls.map(([system, history, results, cached], i) => {
        const x = 20 + i * 90
        const top = 150 - (system + history + results) * 0.62
        return (
          <g key={x}>
            <rect x={x} y={150 - system * 0.62} width="54" height={system * 0.62} fill="var(--agent)" />
            <rect x={x} y={150 - (system + history) * 0.62} width="54" height={history * 0.62} fill="var(--llm)" />
            <rect x={x} y={top} width="54" height={results * 0.62} fill="var(--tool)" />
            {cached > 0 && <path d={`M${x - 6} ${150 - cached * 0.62}h66`} stroke="var(--good)" stroke-width="3" />}
            <text x={x + 27} y={165} text-anchor="middle" fill="var(--ink-2)">{i + 1}</text>
          </g>
        )
      })}
      <path d="M400 102h24" stroke="var(--good)" stroke-width="3" />
      <Note x={432} y={106}>read from the cache</Note>
      <Note x={400} y={130}>call 4 read nothing: something</Note>
      <Note x={400} y={147}>before this line changed</Note>
    </Drawing>
  )
}

export function CallPicture(): JSX.Element {
  return (
    <Drawing label="A call taken apart: an attempt that failed, the wait after it, the second attempt up to its first token, and the tokens." height={66}>
      <Bar x={0} y={0} w={80} fill="--reader" text="failed" />
      <rect x="82" y="10" width="90" height="2" fill="var(--ink-3)" />
      <Bar x={174} y={0} w={190} fill="--retrieval" text="waiting" />
      <Bar x={366} y={0} w={234} fill="--llm" text="tokens arrive" />
      <Note x={92} y={44}>back-off</Note>
      <path d="M365 26v12" stroke="var(--ink-3)" />
      <Note x={365 - 44} y={54}>first token</Note>
    </Drawing>
  )
}

export function ComparePicture(): JSX.Element {
  return (
    <Drawing label="Two frames of the difference: one that grew says by how much, one that shrank too. One with no sign is within what such runs vary by anyway." height={80}>
      <Bar x={0} y={0} w={600} fill="--agent" text="agent  +12 %" />
      <Bar x={0} y={28} w={330} fill="--other-3" text="▲ search  +31 %, proven" />
      <Bar x={332} y={28} w={140} fill="--embedding" text="▼ plan  −9 %, proven" />
      <Bar x={474} y={28} w={126} fill="--internal" text="save  not proven" />
      <Note x={0} y={74}>as wide as its share of the new runs</Note>
    </Drawing>
  )
}
