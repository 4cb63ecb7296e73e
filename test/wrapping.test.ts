import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { Profiler } from 'spanwise'
import { unwrapAnthropic, wrapAnthropic } from 'spanwise/anthropic'
import { unwrapOpenAI, wrapOpenAI } from 'spanwise/openai'

const openai = () => new OpenAI({ apiKey: 'secret-key' })
const anthropic = () => new Anthropic({ apiKey: 'secret-key' })
const bad = (value: unknown) => value as object

describe('misuse', () => {
  test.each([
    ['nothing', () => wrapOpenAI(bad(undefined)), 'wrapOpenAI(client): client must be a client object, got undefined'],
    ['a text', () => wrapAnthropic(bad('client')), 'wrapAnthropic(client): client must be a client object, got "client"'],
    ['another object', () => wrapOpenAI({ models: 1 }), 'client has none of chat.completions.create, responses.create, '
      + 'embeddings.create, completions.create; got {"models":1}'],
    ["a client of another SDK's", () => wrapOpenAI(anthropic()), 'wrapOpenAI(client): client has none of chat, responses, embeddings; got Anthropic'],
    ["the other way round", () => wrapAnthropic(openai()), 'wrapAnthropic(client): client has none of messages; got OpenAI'],
    ['options that are none', () => wrapOpenAI(openai(), null as never), 'wrapOpenAI(client, options): options must be an object, got null'],
    ['a class instead of a client', () => wrapOpenAI(OpenAI), 'client must be a client object, got function OpenAI'],
    ['no profiler', () => wrapOpenAI(openai(), { profiler: 5 as unknown as Profiler }), 'options.profiler must be a Profiler, got 5'],
  ])('%s', (_what, misuse, message) => {
    expect(misuse).toThrow(TypeError)
    expect(misuse).toThrow(message)
  })

  test('an error never shows what a client holds', () => {
    expect(() => wrapAnthropic({ apiKey: 'secret-key' })).toThrow(/^((?!secret-key).)*$/s)
  })
})

describe('a client stays the object that it is', () => {
  test.each([
    ['openai', openai, wrapOpenAI, unwrapOpenAI],
    ['anthropic', anthropic, wrapAnthropic, unwrapAnthropic],
  ] as const)('%s', (_name, make, wrap, unwrap) => {
    const client = make()
    const before = Object.getOwnPropertyDescriptors(client)
    expect(wrap(client as never, { profiler: new Profiler() })).toBe(client)
    expect(Object.keys(client)).toEqual(Object.keys(before))
    expect(unwrap(client as never)).toBe(client)
    expect(Object.getOwnPropertyDescriptors(client)).toEqual(before)
  })

  test('with the profiler off nothing of it changes', () => {
    const client = openai()
    const before = Object.getOwnPropertyDescriptors(client)
    wrapOpenAI(client, { profiler: new Profiler({ enabled: false }) })
    expect(Object.getOwnPropertyDescriptors(client)).toEqual(before)
  })
})
