import type { JSX } from 'preact'
import { clean } from '../../../reports/shared/text.ts'
import { useServer } from './info.ts'

/** What to do next, where there is nothing to be seen yet. */
export function EmptyRuns({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }): JSX.Element {
  const info = useServer()
  if (isFiltered) {
    return (
      <div class="card empty-runs">
        <h2>No run fits these filters</h2>
        <p><button type="button" class="button" onClick={onClear}>Clear the filters</button></p>
      </div>
    )
  }
  const receiver = info?.receiver
  return (
    <div class="card empty-runs">
      <h2>No runs yet</h2>
      <p class="muted">This page shows the runs in <code>{clean(info?.folder ?? '.spanwise')}</code> as soon as there are any; there is no need to reload it.</p>
      <ol>
        <li>
          <h3>Record a program</h3>
          <p class="muted">Start it with the recorder around it:</p>
          <pre>npx spanwise run -- node agent.js</pre>
          <p class="muted">or record in the program itself:</p>
          <pre>{"import { Profiler } from 'spanwise'\n\nconst profiler = new Profiler({ dir: './.spanwise' })"}</pre>
        </li>
        <li>
          <h3>Send traces by OpenTelemetry</h3>
          {receiver !== undefined && receiver !== null && 'url' in receiver
            ? <><p class="muted">Any program, in any language, that speaks OTLP over HTTP:</p><pre>{`OTEL_EXPORTER_OTLP_ENDPOINT=${clean(receiver.url)}\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`}</pre></>
            : <p class="muted">{receiver === null || receiver === undefined ? 'The receiver is off in this launch.' : `The receiver is not there: ${clean(receiver.problem)}`}</p>}
        </li>
      </ol>
    </div>
  )
}
