import { describe, expect, test } from 'vitest'
import { detectors, maskSecrets } from '../src/trace-file/detectors.ts'
import { FAILED, redactTrace } from '../src/trace-file/redact.ts'
import type { Span, Trace } from '../src/model/span.ts'
import { draw } from './draw.ts'
import { checkTrace } from './laws.ts'

// Made up, and written in pieces: scanners of repositories look for the same shapes.
const hex = '0123456789abcdef'.repeat(4)
const abc = 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz'.repeat(3)
const secrets: readonly (readonly [what: string, secret: string])[] = [
  ['OpenAI', `sk-${abc.slice(0, 48)}`], ['OpenAI project', `sk-proj-${abc}`], ['OpenAI service', `sk-svcacct-${abc}`],
  ['Anthropic', `sk-ant-api03-${abc}`], ['OpenRouter', `sk-or-v1-${hex}`], ['Langfuse', `sk-lf-${hex.slice(0, 32)}`],
  ['GitHub classic', `ghp_${abc.slice(0, 36)}`], ['GitHub OAuth', `gho_${abc.slice(0, 36)}`], ['GitHub server', `ghs_${abc.slice(0, 36)}`],
  ['GitHub user', `ghu_${abc.slice(0, 36)}`], ['GitHub refresh', `ghr_${abc.slice(0, 36)}`], ['GitHub fine', `github_pat_${abc.slice(0, 22)}_${abc.slice(0, 59)}`],
  ['GitLab', `glpat-${abc.slice(0, 20)}`], ['GitLab deploy', `gldt-${abc.slice(0, 20)}`],
  ['Slack bot', `xoxb-${'1234567890'}-${abc.slice(0, 24)}`], ['Slack user', `xoxp-${abc}`], ['Slack app', `xoxa-${abc}`], ['Slack refresh', `xoxr-${abc}`],
  ['Slack level', `xapp-1-${abc}`], ['Slack webhook', `https://hooks.slack.com/services/T00000000/B00000000/${abc.slice(0, 24)}`],
  ['Discord webhook', `https://discord.com/api/webhooks/123456789/${abc}`],
  ['AWS', `AKIA${'ABCDEFGH23456789'}`], ['AWS temporary', `ASIA${'ABCDEFGH23456789'}`], ['Google', `AIza${abc.slice(0, 35)}`],
  ['Google OAuth', `ya29.${abc}`], ['Google client', `GOCSPX-${abc.slice(0, 28)}`], ['Google refresh', `1//0${abc}`],
  ['Stripe', `sk_live_${abc.slice(0, 24)}`], ['Stripe restricted', `rk_test_${abc.slice(0, 24)}`], ['Stripe hook', `whsec_${abc.slice(0, 32)}`],
  ['Twilio', `SK${hex.slice(0, 32)}`], ['SendGrid', `SG.${abc.slice(0, 22)}.${abc.slice(0, 43)}`], ['Mailgun', `key-${hex.slice(0, 32)}`],
  ['Mailchimp', `${hex.slice(0, 32)}-us12`], ['npm', `npm_${abc.slice(0, 36)}`], ['PyPI', `pypi-${abc}`], ['RubyGems', `rubygems_${hex.slice(0, 48)}`],
  ['DigitalOcean', `dop_v1_${hex}`], ['Hugging Face', `hf_${abc.slice(0, 34)}`], ['Groq', `gsk_${abc.slice(0, 52)}`], ['xAI', `xai-${abc}`],
  ['Perplexity', `pplx-${abc.slice(0, 48)}`], ['Replicate', `r8_${abc.slice(0, 37)}`], ['NVIDIA', `nvapi-${abc}`], ['Tavily', `tvly-${abc.slice(0, 32)}`],
  ['LangSmith', `lsv2_pt_${hex.slice(0, 32)}_${hex.slice(0, 10)}`], ['Pinecone', `pcsk_${abc}`], ['Databricks', `dapi${hex.slice(0, 32)}`],
  ['Linear', `lin_api_${abc.slice(0, 40)}`], ['Notion', `ntn_${abc.slice(0, 46)}`], ['Airtable', `pat${abc.slice(0, 14)}.${hex}`],
  ['Shopify', `shpat_${hex.slice(0, 32)}`], ['Square', `sq0csp-${abc.slice(0, 43)}`], ['Grafana', `glsa_${abc.slice(0, 32)}`], ['New Relic', `NRAK-${abc.slice(0, 27).toUpperCase()}`],
  ['PlanetScale', `pscale_tkn_${abc.slice(0, 43)}`], ['Supabase', `sbp_${hex.slice(0, 40)}`], ['Vault', `hvs.${abc}`], ['Doppler', `dp.pt.${abc.slice(0, 43)}`],
  ['Atlassian', `ATATT3x${abc}`], ['Docker', `dckr_pat_${abc.slice(0, 27)}`], ['age', `AGE-SECRET-KEY-1${abc.toUpperCase().slice(0, 58)}`],
  ['Azure AD', `abc8Q~${abc.slice(0, 34)}`], ['Telegram', `123456789:AA${abc.slice(0, 33)}`],
  ['JWT', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${abc.slice(0, 43)}`],
  ['PEM', `-----BEGIN RSA PRIVATE KEY-----\n${abc}\n${abc}\n-----END RSA PRIVATE KEY-----`],
  ['PEM without an end', `-----BEGIN OPENSSH PRIVATE KEY-----\\n${abc}`],
]
/** What must not be left of a secret: its long random part. */
const canary = (secret: string): string => secret.slice(-20)

describe('detectors', () => {
  test.each(secrets)('%s', (_, secret) => {
    for (const text of [secret, `before ${secret} after`, `{"value":"${secret}"}`, `x=${secret}&y=1`, `(${secret})`, `https://example.org/?q=${secret}`]) {
      expect(maskSecrets(text)).not.toContain(canary(secret))
      expect(maskSecrets(text)).toContain('[masked: ')
    }
  })

  test.each([
    ['Authorization: Bearer abcdefgh12345', 'Authorization: Bearer [masked: credentials]'],
    ['authorization: basic dXNlcjpwYXNz', 'authorization: basic [masked: credentials]'],
    ['postgres://user:hunter2@db.example.org/x', 'postgres://[masked: password]@db.example.org/x'],
    ['postgres://user:p@ss:w@rd@db/x and http://b', 'postgres://[masked: password]@db/x and http://b'],
    ['https://x.org/?a=1&access_token=abcdef&b=2', 'https://x.org/?a=1&access_token=[masked: parameter]&b=2'],
    ['https://x.org/?sig=abc%2Fdef', 'https://x.org/?sig=[masked: parameter]'],
    ['OPENAI_API_KEY=whatever', 'OPENAI_API_KEY=[masked: secret]'],
    ['{"password": "hunter2"}', '{"password": "[masked: secret]"}'],
    ['"{\\"client_secret\\": \\"hunter2\\"}"', '"{\\"client_secret\\": \\"[masked: secret]\\"}"'],
    ['x-api-key: hunter2', 'x-api-key: [masked: secret]'],
    ['Set-Cookie: sid=hunter2', 'Set-Cookie: [masked: secret]'],
  ])('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
  })

  test.each([
    'max_tokens=4096', '"input_tokens": 12345678', 'token_count: 12345678', '{"max_tokens":100000,"cache_read_input_tokens":2048}',
    'a basic understanding of bearer instruments', 'the secret of good token counting', 'https://example.org/a:b/c@d', 'risk-averse task-oriented-programming',
    'gpt-5-mini', 'claude-opus-4-1-20250805', 'chatcmpl-Abcdefghijklmnop0123456789', 'call_Abcdefghijklmnop0123456789', 'toolu_01Abcdefghijklmnop',
    '0af7651916cd43dd8448eb211c80319c', 'msg_01Abcdefghijklmnop', 'npm_config', 'mailto:a@b.org', 'keyboard', '?page=2&code=12', 'password: null',
  ])('leaves alone: %s', (text) => {
    expect(maskSecrets(text)).toBe(text)
  })

  test('there are at least forty formats', () => {
    expect(new Set(detectors.map(({ pattern }) => pattern.source)).size).toBeGreaterThan(40)
  })

  const pieces = ['a', '-', 'sk-', 'sk-ant-', 'eyJ', 'eyJ.', '.eyJaaaa', '-----BEGIN PRIVATE KEY-----', '-----BEGIN ', '://', '://a:', '://:@', 'a:b@', '@', 'bearer ',
    'basic aaaaaaaa ', '?token=', '&a-token', '?a-', '_-', 'password: ', 'password":"', 'secret', 'api_key= ', '0', '0123456789abcdef', 'pat', 'AKIA', 'SK0', 'xox', 'key-', '8Q~', 'a8Q~',
    'hooks.slack.com/services/', '123456789:AA', '1//0', ' ', '\\"', 'ATATT', 'webhook.office.com/', 'bearer+', 'api-key:    ', 'EAAA']
  test('a megabyte made to be slow takes none of them long', () => {
    const slow: string[] = []
    for (const piece of pieces) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length))
      for (const { name, pattern } of detectors) {
        // The best of three: the machine may be busy.
        const times = Array.from({ length: 3 }, (_, i) => {
          if (i > 0 && slow.length > 20) return 0
          const before = performance.now()
          text.replace(pattern, '')
          return performance.now() - before
        })
        if (Math.min(...times) > 50) slow.push(`${name} ${pattern.source} on ${piece}: ${Math.min(...times)} ms`)
      }
    }
    expect(slow).toEqual([])
  }, 120_000)
})

const secret = `sk-proj-${abc}`

/** A trace with a secret in each place that holds a text. */
function poisoned(): Trace {
  const trace = draw(`
    agent 0-100
      llm 5-35 llm model=gpt-5 in=100 out=10 asks=search#c1 parts=user:30 answer=20
      search 40-90 tool call=c1 by=llm failed=Error:x
  `)
  const [root, llm, tool] = trace.spans as [Span, Span, Span]
  return {
    ...trace,
    name: `run ${secret}`, tags: { authorization: 'hunter2', note: secret }, service: secret,
    parts: trace.parts.map((part) => ({ ...part, text: `text ${secret}`, name: secret })),
    spans: [
      { ...root, name: secret, attributes: { 'http.url': `https://u:${secret}@x.org`, list: [secret], 'x.api_key': 'hunter2', 'gen_ai.input.messages': 'the prompt', max_tokens: 5, [secret]: 1 } },
      { ...llm, llm: { ...llm.llm!, responseId: secret, finishReasons: [secret], attempts: [{ start: 1, error: secret }],
        usage: { ...llm.llm!.usage!, raw: { input_tokens: 100, note: secret, deep: [{ password: 'hunter2', ['__proto__']: secret }] } },
        toolCalls: [{ id: 'c1', name: 'search', argumentsChars: 9, arguments: `q ${secret}` }] } },
      { ...tool, tool: { ...tool.tool!, arguments: `in ${secret}`, result: `out ${secret}` }, outcome: { state: 'failed', type: secret, message: `bad key ${secret}` } },
    ],
  }
}

describe('redactTrace', () => {
  test.each([['none'], ['full'], [(text: string) => text]] as const)('no secret gets out under the policy %s', (policy) => {
    const trace = poisoned()
    const before = JSON.stringify(trace)
    const redacted = redactTrace(trace, policy)
    const after = JSON.stringify(redacted)
    expect(after).not.toContain(canary(secret))
    expect(after).not.toContain('hunter2')
    expect(JSON.stringify(trace)).toBe(before)
    expect(redacted.spans[1]!.llm!.usage!.raw).toMatchObject({ input_tokens: 100 })
    expect(redacted.spans[0]!.attributes).toMatchObject({ max_tokens: 5 })
    expect(({} as Record<string, unknown>)['note']).toBeUndefined()
    checkTrace(redacted)
  })

  test('without content the texts stay behind, with their sizes known', () => {
    const redacted = redactTrace(poisoned(), 'none')
    const all = JSON.stringify(redacted)
    for (const text of ['"text ', '"in ', '"out ', '"q ', 'the prompt']) expect(all).not.toContain(text)
    expect(redacted.parts.map(({ chars }) => chars)).toEqual(poisoned().parts.map(({ chars }) => chars))
    expect(redacted.spans[1]!.llm!.toolCalls).toEqual([{ id: 'c1', name: 'search', argumentsChars: 9 }])
  })

  test('with content they go, without the secrets', () => {
    const redacted = redactTrace(poisoned(), 'full')
    expect(redacted.parts[0]!.text).toBe('text [masked: OpenAI key]')
    expect(redacted.spans[2]!.tool!.result).toBe('out [masked: OpenAI key]')
  })

  test("a user's function gets each text and where it stands", () => {
    const seen: string[] = []
    const redacted = redactTrace(poisoned(), (text, where) => {
      seen.push(where)
      return where === 'tool.result' ? '***' : text
    })
    expect(redacted.spans[2]!.tool!.result).toBe('***')
    expect([...new Set(seen)].sort()).toEqual([
      'attributes.gen_ai.input.messages', 'attributes.http.url', 'attributes.list', 'error.message', 'part.name', 'part.text', 'run.name', 'span.name',
      'tags.note', 'tool.arguments', 'tool.name', 'tool.result', 'toolCall.arguments', 'toolCall.name', 'usage.raw.deep.__proto__', 'usage.raw.note',
    ])
  })

  test.each([[() => { throw new Error('no') }], [() => undefined as unknown as string]])('a function that fails masks all it was asked for', (policy) => {
    const redacted = redactTrace(poisoned(), policy)
    expect(redacted.parts[0]!.text).toBe(FAILED)
    expect(redacted.spans.map(({ name }) => name)).toEqual([FAILED, FAILED, FAILED])
    expect(redacted.spans[2]!.outcome).toMatchObject({ message: FAILED })
  })

  test('what has nothing to mask comes back as it was', () => {
    const trace = draw(`
      agent 0-100
        llm 5-35 llm model=gpt-5 in=100 out=10 asks=search#c1 parts=user:30 answer=20
        search 40-90 tool call=c1 by=llm
    `)
    expect(redactTrace(trace, 'full')).toEqual(trace)
    expect(redactTrace(trace, 'none')).toEqual(trace)
  })
})
