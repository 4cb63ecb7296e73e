import type { JSX } from 'preact'
import { Bar, Drawing, Note } from './drawing.tsx'

export function TimelinePicture(): JSX.Element {
  return (
    <Drawing label="An agent; below it a call of a model, then two tools side by side, then another call. The critical path goes through the longer tool; the shorter one has slack." height={136}>
      <Bar x={0} y={0} w={600} fill="--agent" text="agent" />
      <Call x={0} y={28} first={92} last={190} />
      <Bar x={202} y={28} w={196} fill="--tool" text="search" />
      <Bar x={202} y={56} w={108} fill="--tool" text="get_order" />
      <path d="M198 28h-3v50h3" stroke="var(--ink-3)" fill="none" />
      <Call x={402} y={28} first={92} last={198} />
      <path d="M0 51.5h600" stroke="var(--critical)" stroke-width="2" fill="none" />
      <path d="M312 67h88M400 62v10" stroke="var(--ink-3)" stroke-width="1.5" stroke-dasharray="4 3" fill="none" />
      <Note x={410} y={71}>slack: time it had left</Note>
      <path d="M0 108h24" stroke="var(--critical)" stroke-width="2" />
      <Note x={32} y={112}>critical path: search, and not get_order, decides when the run ends</Note>
      <Note x={32} y={130}>light: until the first token; a bracket: at the same time</Note>
    </Drawing>
  )
}

/** A call: light until its first token. */
function Call({ x, y, first, last }: { readonly x: number; readonly y: number; readonly first: number; readonly last: number }): JSX.Element {
  return (
    <g>
      <rect x={x} y={y} width={last} height="22" rx="3" fill="var(--llm)" fill-opacity="0.45" />
      <rect x={x + first} y={y} width={last - first} height="22" rx="3" fill="var(--llm)" />
      <text x={x + 7} y={y + 15.5} fill="var(--ink)">gpt-5-mini</text>
    </g>
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
  const calls = [[60, 22, 0, 0], [60, 44, 18, 82], [60, 58, 40, 122], [60, 70, 66, 20]] as const
  const y = (tokens: number): number => 150 - tokens * 0.62
  return (
    <Drawing label="Four calls as columns that grow: system text, messages, tool results. In the second and third, all but the newest was read from the prompt cache; in the fourth only a little." height={168}>
      <defs>
        <pattern id="guide-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v6" stroke="var(--ink-2)" stroke-width="1.4" /></pattern>
      </defs>
      <path d="M0 8h600" stroke="var(--ink-3)" stroke-dasharray="5 4" fill="none" />
      <Note x={600} y={24} end>the model’s window</Note>
      {calls.map(([system, messages, results, cached], i) => {
        const x = 10 + i * 92
        return (
          <g key={x}>
            <rect x={x} y={y(system)} width="70" height={system * 0.62} fill="var(--agent)" />
            <rect x={x} y={y(system + messages)} width="70" height={messages * 0.62} fill="var(--retrieval)" />
            <rect x={x} y={y(system + messages + results)} width="70" height={results * 0.62} fill="var(--tool)" />
            <rect x={x} y={y(cached)} width="70" height={cached * 0.62} fill="url(#guide-hatch)" fill-opacity="0.55" />
            {cached > 0 && <path d={`M${x} ${y(cached)}h70`} stroke="var(--ink-2)" stroke-width="1.5" />}
            <text x={x + 35} y={165} text-anchor="middle" fill="var(--ink-2)">{i + 1}</text>
          </g>
        )
      })}
      <rect x={400} y={88} width="14" height="14" fill="url(#guide-hatch)" />
      <Note x={424} y={100}>read from the cache</Note>
      <Note x={400} y={126}>in call 4 something changed</Note>
      <Note x={400} y={143}>just above its line</Note>
    </Drawing>
  )
}

export function CallPicture(): JSX.Element {
  const phases = [['--phase-attemptsNs', 90, 'failed'], ['--phase-backoffNs', 84, 'back-off'], ['--phase-headersNs', 96, 'headers'], ['--phase-firstTokenNs', 110, ''], ['--phase-decodeNs', 220, 'decode']] as const
  let x = 0
  return (
    <Drawing label="A call taken apart: an attempt that failed, the wait after it, the second attempt up to its headers and its first token, and the tokens." height={52}>
      {phases.map(([fill, w, text]) => {
        const bar = <Bar key={fill} x={x} y={0} w={w - 2} fill={fill} {...(text !== '' && { text })} />
        x += w
        return bar
      })}
      <path d="M380 24v10" stroke="var(--ink-3)" />
      <Note x={348} y={48}>first token</Note>
    </Drawing>
  )
}

export function ComparePicture(): JSX.Element {
  return (
    <Drawing label="Frames of the difference: one that grew, one that shrank, one that is as it was, one that is new." height={80}>
      <Bar x={0} y={0} w={600} fill="--more-1" text="agent +12 %" />
      <Bar x={0} y={28} w={290} fill="--more-3" text="search +31 %" />
      <Bar x={292} y={28} w={130} fill="--less-2" text="plan −9 %" />
      <Bar x={424} y={28} w={96} fill="--same" text="save" />
      <g><Bar x={522} y={28} w={78} fill="--same" text="review" /><rect x="522.75" y="28.75" width="76.5" height="20.5" rx="3" fill="none" stroke="var(--ink)" stroke-width="1.5" /></g>
      <Note x={600} y={70} end>new</Note>
      <Note x={0} y={70}>as wide as its share; the colour says how much it changed</Note>
    </Drawing>
  )
}
