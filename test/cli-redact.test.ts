import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatNames } from '../src/cli/formats.ts'
import { Desk } from './support/cli.ts'

let desk: Desk
beforeEach(() => { desk = new Desk() })
afterEach(() => desk.remove())

/** Made up, of a shape that its issuer uses. */
const KEY = `sk-ant-${'api03-'}${'Ab1_'.repeat(8)}`

/** A coding agent's session that came across a key, in a prompt, a tool's arguments and its result. */
const session = (): string => {
  const line = (rest: object) => JSON.stringify({ sessionId: 's', cwd: '/x', version: '2.0.0', ...rest })
  const usage = { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
  return [
    line({ type: 'user', uuid: 'a', parentUuid: null, timestamp: '2026-11-21T05:00:00.000Z', message: { role: 'user', content: `use ${KEY}` } }),
    line({ type: 'assistant', uuid: 'b', parentUuid: 'a', timestamp: '2026-11-21T05:00:02.000Z', requestId: 'r1',
      message: { id: 'm1', role: 'assistant', model: 'claude-sonnet-4-5', usage, content: [{ type: 'tool_use', id: 't1', name: `Bash ${KEY}`, input: { command: `curl -H 'x-api-key: ${KEY}'` } }] } }),
    line({ type: 'user', uuid: 'c', parentUuid: 'b', timestamp: '2026-11-21T05:00:03.000Z', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: `key ${KEY}`, is_error: true }] } }),
  ].join('\n')
}

test.each(formatNames.map((name) => [name]))('what others wrote leaves the command without its secrets: %s', async (format) => {
  desk.write('session.jsonl', session())
  const { out, bytes, err } = await desk.say(['report', 'session.jsonl', '--format', format])
  const text = bytes[0] === 0x1f ? gunzipSync(bytes).toString('latin1') : out
  expect(text.length).toBeGreaterThan(100)
  expect(text + err).not.toContain(KEY)
})

test('nor does a single span', async () => {
  desk.write('session.jsonl', session())
  const list = await desk.say(['show', 'session.jsonl', '--tree'])
  const one = await desk.say(['show', 'session.jsonl', '--json'])
  expect(list.out + list.err + one.out).not.toContain(KEY)
  expect(list.out + one.out).toContain('[masked: Anthropic key]')
})
