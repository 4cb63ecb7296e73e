import type { JSX } from 'preact'

export function Privacy(): JSX.Element {
  return (
    <>
      <p>This page asks for nothing from anywhere. Its policy forbids every address but, in the dashboard, the server on your machine that it came from. There is no telemetry.</p>
      <h3>What a file holds</h3>
      <ul>
        <li>Names of spans, models and tools, times, token counts, prices, error messages, tags and the attributes that the program set.</li>
        <li>Of each prompt and answer its parts: their kind, size and order. The texts themselves only where the run was recorded with <code>content: 'full'</code>; then the details of a span show them.</li>
        <li>What looks like a key, a token or a password is masked before anything leaves the process, also here.</li>
      </ul>
      <p>Whoever gets the file can read all of that. To send a run without the texts, record it without them, or share it from the dashboard, which leaves them out.</p>
      <h3>What stays in the browser</h3>
      <p>The choice of light or dark. In the dashboard also the token of its last launch, which opens no other.</p>
    </>
  )
}
