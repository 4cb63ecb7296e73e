import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Desk } from './support/cli.ts'

let desk: Desk
beforeEach(() => {
  desk = new Desk()
  desk.write(`home/.claude/projects/-work-shop/${CLAUDE}.jsonl`, claude(CLAUDE), 10)
  desk.write(`home/.claude/projects/-work-shop/${CLAUDE}/subagents/agent-a1.jsonl`, claudeAgent(CLAUDE), 1)
  desk.write(`home/.codex/sessions/2026/11/21/rollout-2026-11-21T04-00-00-${CODEX}.jsonl`, codex, 20)
  desk.write('home/.gemini/tmp/fb8e242a6fbbb5c48a1d/chats/session-2026-11-21T03-00-5b959dae.json', '{ "sessionId": "5b959dae", "messages": [] }', 30)
  desk.write('home/.gemini/tmp/fb8e242a6fbbb5c48a1d/logs.json', '[]', 0)
})
afterEach(() => desk.remove())

const CLAUDE = '258c7280-ae70-4798-800f-63464d01a85d'
const CODEX = '019c8a4d-8f45-7010-8b5d-7fad920aa6f9'
const lines = (...rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

function claude(sessionId: string): string {
  const common = { sessionId, cwd: '/work/shop', version: '2.1.0', userType: 'external', isSidechain: false }
  const assistant = { type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', stop_reason: 'end_turn' }
  return lines(
    { ...common, type: 'user', uuid: 'u1', parentUuid: null, timestamp: '2026-11-21T04:00:00.000Z', message: { role: 'user', content: 'Find it' } },
    {
      ...common, type: 'assistant', uuid: 'u2', parentUuid: 'u1', requestId: 'r1', timestamp: '2026-11-21T04:00:05.000Z',
      message: { ...assistant, id: 'm1', content: [{ type: 'text', text: 'Found' }], usage: { input_tokens: 100, output_tokens: 20 } },
    },
  )
}

function claudeAgent(sessionId: string): string {
  const common = { sessionId, agentId: 'a1', cwd: '/work/shop', version: '2.1.0', userType: 'external', isSidechain: true }
  return lines(
    { ...common, type: 'user', uuid: 'v1', parentUuid: null, timestamp: '2026-11-21T04:00:01.000Z', message: { role: 'user', content: 'Look there' } },
    {
      ...common, type: 'assistant', uuid: 'v2', parentUuid: 'v1', requestId: 'r2', timestamp: '2026-11-21T04:00:03.000Z',
      message: {
        id: 'm2', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'There' }], usage: { input_tokens: 7, output_tokens: 3 },
      },
    },
  )
}

const codex = lines({ timestamp: '2026-11-21T03:00:00.000Z', type: 'session_meta', payload: { id: CODEX, cwd: '/work/kitchen' } })

describe('sessions', () => {
  test('newest first, with handle, project and time; subagents belong to their session', async () => {
    const { code, out } = await desk.say(['sessions'])
    expect(code).toBe(0)
    const rows = out.split('\n').slice(1, 4).map((row) => row.trim().split(/ {2,}/).slice(0, 4))
    expect(rows).toEqual([
      ['258c7280', '/work/shop', 'claude-code', '2026-11-21 04:50'],
      ['7fad920a', '/work/kitchen', 'codex', '2026-11-21 04:40'],
      ['5b959dae', 'fb8e242a6fbb', 'gemini-cli', '2026-11-21 04:30'],
    ])
  })

  test('as JSON, and narrowed by words', async () => {
    const { sessions } = JSON.parse((await desk.say(['sessions', 'KITCHEN', '--json'])).out) as { sessions: { id: string; path: string }[] }
    expect(sessions).toMatchObject([{ handle: '7fad920a', agent: 'codex', id: CODEX, project: '/work/kitchen' }])
    expect((await desk.say(['sessions', 'garden'])).out).toContain('none of 3 sessions fits')
  })

  test("the agents' own variables move the folders", async () => {
    const env = { CLAUDE_CONFIG_DIR: `${desk.cwd}/elsewhere`, CODEX_HOME: `${desk.cwd}/elsewhere`, GEMINI_CLI_HOME: `${desk.cwd}/elsewhere` }
    expect((await desk.say(['sessions'], { env })).out).toContain('no sessions found')
    desk.write('elsewhere/projects/p/0a0b0c0d-0000-4000-8000-000000000000.jsonl', claude('x'))
    expect((await desk.say(['sessions'], { env })).out).toContain('0a0b0c0d')
  })
})

describe('a session', () => {
  const spans = async (...words: readonly string[]): Promise<number> => {
    const { code, out, err } = await desk.say(['report', '--json', ...words])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const { totals } = JSON.parse(out) as { totals: { llmCalls: number; usage: { input: { total: number } } } }
    expect(totals.llmCalls).toBe(2)
    return totals.usage.input.total
  }

  test('goes by its handle, its id, --last and its file, always with its subagents', async () => {
    expect(await spans('258c7280')).toBe(107)
    expect(await spans(CLAUDE)).toBe(107)
    expect(await spans('--last')).toBe(107)
    expect(await spans(`home/.claude/projects/-work-shop/${CLAUDE}.jsonl`)).toBe(107)
    expect(await spans('home/.claude/projects')).toBe(107)
  })

  test('subagents beside it, as older versions wrote them', async () => {
    desk.write('old/s.jsonl', claude('s'))
    desk.write('old/agent-a1.jsonl', claudeAgent('s'))
    desk.write('old/agent-b2.jsonl', claudeAgent('another'))
    expect(await spans('old/s.jsonl')).toBe(107)
  })

  test('--last works with show, top and convert', async () => {
    expect((await desk.say(['show', '--last', '--tree'])).out).toContain('claude-sonnet-4-5')
    expect((await desk.say(['top', '--last'])).out).toContain('claude-sonnet-4-5')
    expect(await desk.say(['convert', '--last', '-o', 'session.jsonl'])).toMatchObject({ code: 0 })
    expect(await spans('session.jsonl')).toBe(107)
  })

  test('a damaged line of a subagent is told with its own file and line', async () => {
    desk.write(`home/.claude/projects/-work-shop/${CLAUDE}/subagents/agent-a1.jsonl`, `${claudeAgent(CLAUDE)}{"torn": `)
    const { code, err } = await desk.say(['report', CLAUDE])
    expect(code).toBe(2)
    expect(err).toContain(`~/.claude/projects/-work-shop/${CLAUDE}/subagents/agent-a1.jsonl:3: `.replace('~', 'home'))
  })

  test('no session at all', async () => {
    const { code, err } = await desk.say(['report', '--last'], { home: `${desk.cwd}/nobody` })
    expect(code).toBe(2)
    expect(err).toContain('no session of a coding agent was found')
  })
})
