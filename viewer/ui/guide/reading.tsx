import type { JSX } from 'preact'
import { CallPicture, ComparePicture, ContextPicture, FlamePicture, TimelinePicture, WhatIfPicture } from './pictures.tsx'

export function ReadOverview(): JSX.Element {
  return (
    <>
      <p>Begin at the top: <b>What to do</b> lists the findings, those first that save the most time, then money and tokens. Each says what it saves, how sure that is, and leads to the spans that prove it.</p>
      <ul>
        <li><b>proven</b>: the recording shows that nothing was in the way.</li>
        <li><b>likely</b>, <b>possible</b>: it depends on what a recording cannot show, such as side effects or a rate limit.</li>
      </ul>
      <p>The savings of several findings do not add up: they can be about the same seconds. <b>Started as early as it could be</b>, above the list, is the run with everything relaxed at once.</p>
      <p><b>Where the time went</b> has two figures, which are never mixed. Wall is what the run waited for, and adds up to it. Busy is the sum of all work, and is more where things ran at the same time. A category with much busy and little wall time is not worth making faster.</p>
    </>
  )
}

export function ReadTimeline(): JSX.Element {
  return (
    <>
      <TimelinePicture />
      <p>Time runs from left to right. A bar is a span; what it started lies below it. Spans that followed each other share a row, spans that ran at the same time lie on rows of their own, behind a bracket: <b>height is concurrency</b>. Above it lies the whole run, as high as much ran at once.</p>
      <ul>
        <li>The <b>critical path</b> is what the run was waiting for at each moment. Only what is on it makes the run shorter.</li>
        <li><b>Slack</b> is how much longer a span could have taken without delaying the run. Making it faster saves nothing.</li>
        <li>Inside a call of a model: dotted while it waits, edged in red for an attempt that failed, light until the first token, full while tokens come, grey while the program reads.</li>
        <li><b>Hatched</b> is work that went on after its parent had ended: nobody waited for it.</li>
        <li>Lines from a chosen span show what it needed and what needed it, each with its evidence. Where there is no line, nothing is proven either way.</li>
      </ul>
      <p>Look for bars of one kind that follow each other like stairs: they may not have had to wait. Look for gaps between the end of a tool and the next call: that is the program itself.</p>
    </>
  )
}

export function ReadFlame(): JSX.Element {
  return (
    <>
      <FlamePicture />
      <p>The same spans without their order: siblings of one name are one frame, the widest first. What lies under a frame was started by it. The part of a frame that nothing lies under is its <b>self time</b>. The table below has each operation once, wherever it ran.</p>
      <ul>
        <li><b>Time</b>: work done, also at the same time; can be more than the run took.</li>
        <li><b>Critical path</b>: what the run waited for; adds up to the run. What it did not wait for is not there.</li>
        <li><b>Tokens</b>, <b>Cost</b>: of the calls of models. Calls whose usage or price is not known are counted beside the picture, not drawn as nothing.</li>
      </ul>
      <p>In <b>time order</b>, each span stands where it was; what ran at the same time lies in lanes under its parent.</p>
    </>
  )
}

export function ReadWhatIf(): JSX.Element {
  return (
    <>
      <WhatIfPicture />
      <p>The run is simulated again with what was measured: every span keeps its own time, and only what it waits for changes. Put findings right, alone or together, or say how much may run at once.</p>
      <ul>
        <li><b>Proven</b>: what is proven not to need each other does not wait for each other.</li>
        <li><b>Possible</b>: only what is proven to need each other waits. The best that could come out, if nothing else ties it.</li>
        <li>The curve says what a limit buys. From some number on it is flat: beyond that nothing is gained, and rate limits come closer.</li>
      </ul>
      <p>What a simulation cannot know: that a service becomes slower when it is asked more often, and that one tool writes what another reads.</p>
    </>
  )
}

export function ReadContext(): JSX.Element {
  return (
    <>
      <ContextPicture />
      <p>A column is one request, and on top of it the answer. Sizes are calibrated: the parts add up to the provider’s own count. The window is that of the model that answered; what counts is the fullest call, not the sum.</p>
      <ul>
        <li><b>Hatched, up to the line</b>: what the provider read from its prompt cache. It costs a part of the price, and less time.</li>
        <li>A line that falls back while the columns grow is a <b>break</b>: something changed where the cache stopped reading. <b>As sent</b> shows the parts in the order in which a cache reads them, with the place of the change.</li>
        <li>A part that stays as large in every column was sent, and paid for, each time. The tables below say what each tool result cost over its stay, and which definitions were never used.</li>
      </ul>
    </>
  )
}

export function ReadCalls(): JSX.Element {
  return (
    <>
      <CallPicture />
      <p>One row per call of a model; its bar is the call from its start to its end. Retries are in it: a call that was tried three times is one call with three attempts.</p>
      <ul>
        <li><b>Failed attempts</b> and <b>back-off</b>: time without an answer.</li>
        <li><b>To the headers</b>, <b>to first token</b>: queues, and reading the prompt. Long prompts that are not cached are seen here.</li>
        <li><b>Decode</b>: the answer, token by token. Shorter answers are the only way to shorten it with the same model.</li>
        <li><b>Your reader</b>: the program took the tokens more slowly than they came.</li>
      </ul>
      <p>A figure that no provider told is absent, and one that was counted locally says that it is an estimate.</p>
    </>
  )
}

export function ReadRuns(): JSX.Element {
  return (
    <>
      <p>The dashboard lists all runs that were recorded in its folder, and those that it received. Words in the search must all occur in a run’s name, service, tags, models, id or findings; filters of different kinds must all hold.</p>
      <ul>
        <li><b>p50, p95, p99</b>: half, 95 % and 99 % of the runs stayed below it. There is no average: a few slow runs hide in one.</li>
        <li><b>Operations</b> are ordered by their time on the critical path over all runs, so that what nobody waited for is not at the top.</li>
        <li><b>Findings</b> over all runs say what happens often, not just once.</li>
      </ul>
      <p>A run that is still going on is drawn as far as it is known; what has not ended is open.</p>
    </>
  )
}

export function ReadCompare(): JSX.Element {
  return (
    <>
      <ComparePicture />
      <p>Two runs, or two sets of runs. With several on each side a difference comes with an interval: it is <b>proven</b> when the interval, at 95 %, does not contain 0. With one run on a side nothing can be proven, and the page says so.</p>
      <ul>
        <li>A frame is as wide as the operation’s share. Its colour, from less to more, and the words on it say how much it changed; new and gone ones have a sign of their own.</li>
        <li>The bars say which operations explain the difference. What is proven says so.</li>
        <li>Runs that did more do not count as slower in each of their parts: look at the number of calls first.</li>
      </ul>
    </>
  )
}
