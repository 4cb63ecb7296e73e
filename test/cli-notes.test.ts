import { afterEach, beforeEach, expect, test } from 'vitest'
import { Desk } from './support/cli.ts'
import { fixture } from './support/imports.ts'

let desk: Desk
beforeEach(() => {
  desk = new Desk()
})
afterEach(() => desk.remove())

test('a subagent whose file is missing is told as a note, and no failure', async () => {
  desk.write('session.jsonl', fixture('claude-code/spotter-subagent.jsonl.gz').text)
  const { code, err } = await desk.say(['report', 'session.jsonl'])
  expect(err).toBe('spanwise: session.jsonl: note: the file of the subagent afb92ff is not here: its calls and tokens are not counted\n')
  expect(code).toBe(0)
})

test('a note does not hide a problem', async () => {
  desk.write('session.jsonl', `${fixture('claude-code/spotter-subagent.jsonl.gz').text}\n[]\n`)
  const { code, err } = await desk.say(['report', 'session.jsonl'])
  expect(err.split('\n').filter((line) => line !== '').length).toBe(2)
  expect(err).toContain(': expected an object\n')
  expect(code).toBe(2)
})

test('a subagent that has not said anything yet is nothing', async () => {
  desk.write('session.jsonl', fixture('claude-code/spotter-short.jsonl.gz').text)
  desk.write('session/subagents/agent-a1.jsonl', '')
  expect(await desk.say(['report', 'session.jsonl'])).toMatchObject({ code: 0, err: '' })
})
